# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_egret_global_optspecs
    string join \n i/interface= r/read= f/filter-code= p/promiscuous= capture= F/net-filter= G/net-filter6= local= count= inner= recognise= no-recognise geo= max-flows= learn-for= owners= state= known-good= c/config= n dns-resolution= N port-resolution= P port-display= b show-bars= show-totals= hide-source= hide-destination= B/use-bytes= l/link-local= m/max-bandwidth= log-scale= line-display= o/sort= columns= group-by= screen-filter= theme= t/no-curses= s/timed-output= L/num-lines= speed= h/help V/version
end

function __fish_egret_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_egret_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_egret_using_subcommand
    set -l cmd (__fish_egret_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c egret -n "__fish_egret_needs_command" -s i -l interface -d 'Listen on this interface; may be given more than once; default: that of the default route' -r
complete -c egret -n "__fish_egret_needs_command" -s r -l read -d 'Read a capture file: pcap or pcapng, also gzipped' -r -F
complete -c egret -n "__fish_egret_needs_command" -s f -l filter-code -d 'Capture filter, in tcpdump\'s syntax' -r
complete -c egret -n "__fish_egret_needs_command" -s p -l promiscuous -d 'See frames for other hosts too' -r
complete -c egret -n "__fish_egret_needs_command" -l capture -d 'How frames are taken from the kernel' -r -f -a "auto\t'The ring, else pnet'
ring\t'`AF_PACKET` with `TPACKET_V3`'
pnet\t'The portable one'
sockets\t'What TCP counts of each socket: needs no rights'"
complete -c egret -n "__fish_egret_needs_command" -s F -l net-filter -d 'Count only traffic that crosses the edge of this IPv4 network; its inside is ours' -r
complete -c egret -n "__fish_egret_needs_command" -s G -l net-filter6 -d 'The same for an IPv6 network' -r
complete -c egret -n "__fish_egret_needs_command" -l local -d 'Addresses or networks that are ours, besides those of the interfaces' -r
complete -c egret -n "__fish_egret_needs_command" -l count -d 'Which bytes are shown' -r -f -a "wire\t'Frames, as on the link'
ip\t'IP packets'
payload\t'What the transport carries'"
complete -c egret -n "__fish_egret_needs_command" -l inner -d 'Count the packets inside tunnels, not the tunnels' -r
complete -c egret -n "__fish_egret_needs_command" -l recognise -d 'Look into payloads to tell protocols and names' -r
complete -c egret -n "__fish_egret_needs_command" -l geo -d 'Databases of networks and countries, MMDB or CSV; off for none' -r
complete -c egret -n "__fish_egret_needs_command" -l max-flows -d 'Remember this many flows at most' -r
complete -c egret -n "__fish_egret_needs_command" -l learn-for -d 'How long to learn before a new destination is worth a word [default: 24h]' -r
complete -c egret -n "__fish_egret_needs_command" -l owners -d 'How the owners of live flows are found: lookups, deaths, births, calls, closes, namespaces; or none [default: all]' -r
complete -c egret -n "__fish_egret_needs_command" -l state -d 'Keep what is learnt in this directory; a capture file leaves nothing behind without it' -r -F
complete -c egret -n "__fish_egret_needs_command" -l known-good -d 'Use this file of known-good marks' -r -F
complete -c egret -n "__fish_egret_needs_command" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_needs_command" -l dns-resolution -d 'Ask for the names of addresses by reverse DNS' -r
complete -c egret -n "__fish_egret_needs_command" -l port-resolution -d 'Show service names for ports' -r
complete -c egret -n "__fish_egret_needs_command" -l port-display -d 'Which ports are shown' -r -f -a "off\t''
source-only\t''
destination-only\t''
on\t''"
complete -c egret -n "__fish_egret_needs_command" -l show-bars -d 'Draw bars behind the rows' -r
complete -c egret -n "__fish_egret_needs_command" -l show-totals -d 'Show what each row sent in all' -r
complete -c egret -n "__fish_egret_needs_command" -l hide-source -d 'Leave out our own side of each row' -r
complete -c egret -n "__fish_egret_needs_command" -l hide-destination -d 'Leave out the remote side of each row' -r
complete -c egret -n "__fish_egret_needs_command" -s B -l use-bytes -d 'Show rates in bytes, not bits' -r
complete -c egret -n "__fish_egret_needs_command" -s l -l link-local -d 'List IPv6 link-local traffic too' -r
complete -c egret -n "__fish_egret_needs_command" -s m -l max-bandwidth -d 'Upper end of the bar scale, in bits per second: 10M, 1G' -r
complete -c egret -n "__fish_egret_needs_command" -l log-scale -d 'Make the bar scale logarithmic' -r
complete -c egret -n "__fish_egret_needs_command" -l line-display -d 'What a row shows' -r -f -a "two-line\t''
one-line-both\t''
one-line-sent\t''
one-line-received\t''"
complete -c egret -n "__fish_egret_needs_command" -s o -l sort -d 'Sort by this column: 2s, 10s, 40s, source, destination, or the id of any field' -r
complete -c egret -n "__fish_egret_needs_command" -l columns -d 'Columns to show, in this order' -r
complete -c egret -n "__fish_egret_needs_command" -l group-by -d 'What makes two flows one row: flow, host, service, domain, network, owner' -r
complete -c egret -n "__fish_egret_needs_command" -l screen-filter -d 'Show only rows whose destination matches this regular expression' -r
complete -c egret -n "__fish_egret_needs_command" -l theme -d 'Colours' -r -f -a "auto\t'Chosen by the terminal and `NO_COLOR`'
dark\t''
light\t''
high-contrast\t''
mono\t''"
complete -c egret -n "__fish_egret_needs_command" -s t -l no-curses -d 'Print text instead of opening the dashboard' -r
complete -c egret -n "__fish_egret_needs_command" -s s -l timed-output -d 'Print once after this many seconds, then end' -r
complete -c egret -n "__fish_egret_needs_command" -s L -l num-lines -d 'Print this many hosts at most' -r
complete -c egret -n "__fish_egret_needs_command" -l speed -d 'How fast a capture file is played: 1 is as it was, 10 ten times that, max at once' -r
complete -c egret -n "__fish_egret_needs_command" -l no-recognise -d 'Look into no payload: the same as --recognise no'
complete -c egret -n "__fish_egret_needs_command" -s n -d 'Show addresses, not names from reverse DNS'
complete -c egret -n "__fish_egret_needs_command" -s N -d 'Show port numbers, not service names'
complete -c egret -n "__fish_egret_needs_command" -s P -d 'Show the ports of both ends'
complete -c egret -n "__fish_egret_needs_command" -s b -d 'Draw no bars'
complete -c egret -n "__fish_egret_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c egret -n "__fish_egret_needs_command" -s V -l version -d 'Print version'
complete -c egret -n "__fish_egret_needs_command" -a "flows" -d 'Print the flows of a capture file, or of an interface for some time'
complete -c egret -n "__fish_egret_needs_command" -a "detect" -d 'Print what is wrong in a capture file; exit with 1 if anything is'
complete -c egret -n "__fish_egret_needs_command" -a "connections" -d 'List sockets with their states, queues and owners: netstat -tunap, ss -tuanp'
complete -c egret -n "__fish_egret_needs_command" -a "demo" -d 'Open the dashboard over a built-in scenario; needs no rights and no files'
complete -c egret -n "__fish_egret_needs_command" -a "doctor" -d 'Say what works here, and the exact command that fixes what does not'
complete -c egret -n "__fish_egret_needs_command" -a "known-good" -d 'List, add and remove known-good marks'
complete -c egret -n "__fish_egret_needs_command" -a "baseline" -d 'Show or forget what was learnt'
complete -c egret -n "__fish_egret_needs_command" -a "protocols" -d 'List the application protocols that are told by their payload'
complete -c egret -n "__fish_egret_needs_command" -a "config" -d 'Print or import a configuration'
complete -c egret -n "__fish_egret_needs_command" -a "completions" -d 'Print the completions for a shell'
complete -c egret -n "__fish_egret_needs_command" -a "man" -d 'Print the manual page'
complete -c egret -n "__fish_egret_needs_command" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c egret -n "__fish_egret_using_subcommand flows" -s i -l interface -d 'Listen on this interface; may be given more than once; default: that of the default route' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -s r -l read -d 'Read a capture file: pcap or pcapng, also gzipped' -r -F
complete -c egret -n "__fish_egret_using_subcommand flows" -s f -l filter-code -d 'Capture filter, in tcpdump\'s syntax' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -s p -l promiscuous -d 'See frames for other hosts too' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l capture -d 'How frames are taken from the kernel' -r -f -a "auto\t'The ring, else pnet'
ring\t'`AF_PACKET` with `TPACKET_V3`'
pnet\t'The portable one'
sockets\t'What TCP counts of each socket: needs no rights'"
complete -c egret -n "__fish_egret_using_subcommand flows" -s F -l net-filter -d 'Count only traffic that crosses the edge of this IPv4 network; its inside is ours' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -s G -l net-filter6 -d 'The same for an IPv6 network' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l local -d 'Addresses or networks that are ours, besides those of the interfaces' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l count -d 'Which bytes are shown' -r -f -a "wire\t'Frames, as on the link'
ip\t'IP packets'
payload\t'What the transport carries'"
complete -c egret -n "__fish_egret_using_subcommand flows" -l inner -d 'Count the packets inside tunnels, not the tunnels' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l recognise -d 'Look into payloads to tell protocols and names' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l geo -d 'Databases of networks and countries, MMDB or CSV; off for none' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l max-flows -d 'Remember this many flows at most' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l learn-for -d 'How long to learn before a new destination is worth a word [default: 24h]' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l owners -d 'How the owners of live flows are found: lookups, deaths, births, calls, closes, namespaces; or none [default: all]' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l state -d 'Keep what is learnt in this directory; a capture file leaves nothing behind without it' -r -F
complete -c egret -n "__fish_egret_using_subcommand flows" -l known-good -d 'Use this file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand flows" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand flows" -l for -d 'Listen for this long [default: 10s]' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l by -d 'What makes two flows one row: flow, host, service, domain, network, owner' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -s o -l sort -d 'Sort by this field' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l columns -d 'Fields to print, in this order' -r
complete -c egret -n "__fish_egret_using_subcommand flows" -l fail-on -d 'Exit with 1 if this is there: found, a row with a finding' -r -f -a "found\t''"
complete -c egret -n "__fish_egret_using_subcommand flows" -l no-recognise -d 'Look into no payload: the same as --recognise no'
complete -c egret -n "__fish_egret_using_subcommand flows" -l json -d 'Print JSON, one object a line'
complete -c egret -n "__fish_egret_using_subcommand flows" -l csv -d 'Print comma-separated values'
complete -c egret -n "__fish_egret_using_subcommand flows" -s B -l use-bytes -d 'Print rates in bytes, not bits'
complete -c egret -n "__fish_egret_using_subcommand flows" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c egret -n "__fish_egret_using_subcommand detect" -s r -l read -d 'Read a capture file: pcap or pcapng, also gzipped' -r -F
complete -c egret -n "__fish_egret_using_subcommand detect" -l local -d 'Addresses or networks that are ours, besides those the capture shows' -r
complete -c egret -n "__fish_egret_using_subcommand detect" -l count -d 'Which bytes are shown' -r -f -a "wire\t'Frames, as on the link'
ip\t'IP packets'
payload\t'What the transport carries'"
complete -c egret -n "__fish_egret_using_subcommand detect" -l inner -d 'Count the packets inside tunnels, not the tunnels' -r
complete -c egret -n "__fish_egret_using_subcommand detect" -l recognise -d 'Look into payloads to tell protocols and names' -r
complete -c egret -n "__fish_egret_using_subcommand detect" -l geo -d 'Databases of networks and countries, MMDB or CSV; off for none' -r
complete -c egret -n "__fish_egret_using_subcommand detect" -l max-flows -d 'Remember this many flows at most' -r
complete -c egret -n "__fish_egret_using_subcommand detect" -l learn-for -d 'How long to learn before a new destination is worth a word [default: 24h]' -r
complete -c egret -n "__fish_egret_using_subcommand detect" -l owners -d 'How the owners of live flows are found: lookups, deaths, births, calls, closes, namespaces; or none [default: all]' -r
complete -c egret -n "__fish_egret_using_subcommand detect" -l state -d 'Keep what is learnt in this directory; a capture file leaves nothing behind without it' -r -F
complete -c egret -n "__fish_egret_using_subcommand detect" -l known-good -d 'Use this file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand detect" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand detect" -l no-recognise -d 'Look into no payload: the same as --recognise no'
complete -c egret -n "__fish_egret_using_subcommand detect" -l json -d 'Print JSON, one object a line'
complete -c egret -n "__fish_egret_using_subcommand detect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c egret -n "__fish_egret_using_subcommand connections" -s o -l sort -d 'Sort by this field: state, host, port, sport, recvq, sendq, rtt, retrans, out, in, pid, ...' -r
complete -c egret -n "__fish_egret_using_subcommand connections" -s l -l listening -d 'List those that wait for others: listening TCP sockets, unconnected UDP and raw ones'
complete -c egret -n "__fish_egret_using_subcommand connections" -s a -l all -d 'List all, those that wait and those that are connected'
complete -c egret -n "__fish_egret_using_subcommand connections" -s t -l tcp -d 'TCP'
complete -c egret -n "__fish_egret_using_subcommand connections" -s u -l udp -d 'UDP and UDP-Lite'
complete -c egret -n "__fish_egret_using_subcommand connections" -s S -l sctp -d 'SCTP'
complete -c egret -n "__fish_egret_using_subcommand connections" -s w -l raw -d 'Raw IP sockets'
complete -c egret -n "__fish_egret_using_subcommand connections" -s 0 -l packet -d 'Packet sockets'
complete -c egret -n "__fish_egret_using_subcommand connections" -s 4 -l ipv4 -d 'IPv4 only'
complete -c egret -n "__fish_egret_using_subcommand connections" -s 6 -l ipv6 -d 'IPv6 only'
complete -c egret -n "__fish_egret_using_subcommand connections" -s i -l info -d 'Print round-trip time, retransmits and bytes of TCP too'
complete -c egret -n "__fish_egret_using_subcommand connections" -s n -l numeric -d 'Print numbers, not names: so it is in any case'
complete -c egret -n "__fish_egret_using_subcommand connections" -s p -l processes -d 'Print the processes: so it is in any case'
complete -c egret -n "__fish_egret_using_subcommand connections" -l json -d 'Print JSON, one object a line'
complete -c egret -n "__fish_egret_using_subcommand connections" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand demo" -l dns-resolution -d 'Ask for the names of addresses by reverse DNS' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l port-resolution -d 'Show service names for ports' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l port-display -d 'Which ports are shown' -r -f -a "off\t''
source-only\t''
destination-only\t''
on\t''"
complete -c egret -n "__fish_egret_using_subcommand demo" -l show-bars -d 'Draw bars behind the rows' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l show-totals -d 'Show what each row sent in all' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l hide-source -d 'Leave out our own side of each row' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l hide-destination -d 'Leave out the remote side of each row' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -s B -l use-bytes -d 'Show rates in bytes, not bits' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -s l -l link-local -d 'List IPv6 link-local traffic too' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -s m -l max-bandwidth -d 'Upper end of the bar scale, in bits per second: 10M, 1G' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l log-scale -d 'Make the bar scale logarithmic' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l line-display -d 'What a row shows' -r -f -a "two-line\t''
one-line-both\t''
one-line-sent\t''
one-line-received\t''"
complete -c egret -n "__fish_egret_using_subcommand demo" -s o -l sort -d 'Sort by this column: 2s, 10s, 40s, source, destination, or the id of any field' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l columns -d 'Columns to show, in this order' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l group-by -d 'What makes two flows one row: flow, host, service, domain, network, owner' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l screen-filter -d 'Show only rows whose destination matches this regular expression' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l theme -d 'Colours' -r -f -a "auto\t'Chosen by the terminal and `NO_COLOR`'
dark\t''
light\t''
high-contrast\t''
mono\t''"
complete -c egret -n "__fish_egret_using_subcommand demo" -s t -l no-curses -d 'Print text instead of opening the dashboard' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -s s -l timed-output -d 'Print once after this many seconds, then end' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -s L -l num-lines -d 'Print this many hosts at most' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -l speed -d 'How fast the scenario is played: 1, 10, ..., or max' -r
complete -c egret -n "__fish_egret_using_subcommand demo" -s n -d 'Show addresses, not names from reverse DNS'
complete -c egret -n "__fish_egret_using_subcommand demo" -s N -d 'Show port numbers, not service names'
complete -c egret -n "__fish_egret_using_subcommand demo" -s P -d 'Show the ports of both ends'
complete -c egret -n "__fish_egret_using_subcommand demo" -s b -d 'Draw no bars'
complete -c egret -n "__fish_egret_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c egret -n "__fish_egret_using_subcommand doctor" -l geo -d 'Look at these databases of networks and countries; off for none' -r
complete -c egret -n "__fish_egret_using_subcommand doctor" -s i -l interface -d 'Look at this interface; may be given more than once; default: all' -r
complete -c egret -n "__fish_egret_using_subcommand doctor" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand doctor" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand doctor" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand doctor" -l json -d 'Print JSON'
complete -c egret -n "__fish_egret_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -f -a "list" -d 'List the marks'
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -f -a "add" -d 'Add a mark: 192.0.2.7, 192.0.2.0/24, tcp/192.0.2.7:443 or *.example.com'
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -f -a "remove" -d 'Remove marks by their ids, as `list` shows them'
complete -c egret -n "__fish_egret_using_subcommand known-good; and not __fish_seen_subcommand_from list add remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from list" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from list" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from list" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from add" -l expires -d 'How long it holds: 1h, 1d, 30d; default: for ever' -r
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from add" -l reason -d 'Why it is good' -r
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from add" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from add" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from add" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from remove" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from remove" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from remove" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the marks'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a mark: 192.0.2.7, 192.0.2.0/24, tcp/192.0.2.7:443 or *.example.com'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove marks by their ids, as `list` shows them'
complete -c egret -n "__fish_egret_using_subcommand known-good; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c egret -n "__fish_egret_using_subcommand baseline; and not __fish_seen_subcommand_from show reset help" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and not __fish_seen_subcommand_from show reset help" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and not __fish_seen_subcommand_from show reset help" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and not __fish_seen_subcommand_from show reset help" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand baseline; and not __fish_seen_subcommand_from show reset help" -f -a "show" -d 'Show what was learnt'
complete -c egret -n "__fish_egret_using_subcommand baseline; and not __fish_seen_subcommand_from show reset help" -f -a "reset" -d 'Forget it and learn anew'
complete -c egret -n "__fish_egret_using_subcommand baseline; and not __fish_seen_subcommand_from show reset help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from show" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from show" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from show" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from show" -l json -d 'Print JSON, one object a line'
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from reset" -l state -d 'The directory in which what is learnt is kept' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from reset" -l known-good -d 'The file of known-good marks' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from reset" -s c -l config -d 'Read this configuration file last; may be an .iftoprc' -r -F
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from reset" -l yes -d 'Do it'
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what was learnt'
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Forget it and learn anew'
complete -c egret -n "__fish_egret_using_subcommand baseline; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c egret -n "__fish_egret_using_subcommand protocols" -l json -d 'One JSON object a line'
complete -c egret -n "__fish_egret_using_subcommand protocols" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand config" -l import-iftoprc -d 'Read an .iftoprc and print it as a configuration file' -r -F
complete -c egret -n "__fish_egret_using_subcommand config" -l print-default -d 'Print a configuration file that says what holds without one'
complete -c egret -n "__fish_egret_using_subcommand config" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand completions" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand man" -s h -l help -d 'Print help'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "flows" -d 'Print the flows of a capture file, or of an interface for some time'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "detect" -d 'Print what is wrong in a capture file; exit with 1 if anything is'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "connections" -d 'List sockets with their states, queues and owners: netstat -tunap, ss -tuanp'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "demo" -d 'Open the dashboard over a built-in scenario; needs no rights and no files'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "doctor" -d 'Say what works here, and the exact command that fixes what does not'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "known-good" -d 'List, add and remove known-good marks'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "baseline" -d 'Show or forget what was learnt'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "protocols" -d 'List the application protocols that are told by their payload'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "config" -d 'Print or import a configuration'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "completions" -d 'Print the completions for a shell'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "man" -d 'Print the manual page'
complete -c egret -n "__fish_egret_using_subcommand help; and not __fish_seen_subcommand_from flows detect connections demo doctor known-good baseline protocols config completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c egret -n "__fish_egret_using_subcommand help; and __fish_seen_subcommand_from known-good" -f -a "list" -d 'List the marks'
complete -c egret -n "__fish_egret_using_subcommand help; and __fish_seen_subcommand_from known-good" -f -a "add" -d 'Add a mark: 192.0.2.7, 192.0.2.0/24, tcp/192.0.2.7:443 or *.example.com'
complete -c egret -n "__fish_egret_using_subcommand help; and __fish_seen_subcommand_from known-good" -f -a "remove" -d 'Remove marks by their ids, as `list` shows them'
complete -c egret -n "__fish_egret_using_subcommand help; and __fish_seen_subcommand_from baseline" -f -a "show" -d 'Show what was learnt'
complete -c egret -n "__fish_egret_using_subcommand help; and __fish_seen_subcommand_from baseline" -f -a "reset" -d 'Forget it and learn anew'
