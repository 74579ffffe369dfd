//! The program: hands over to the library and returns its exit code.

fn main() {}
