#!/usr/bin/env bash
# egret beside its peers on this machine: losses, processor time, memory and truth, as one Markdown table.
#
#   sudo benches/compare.sh            builds what it needs; under 10 minutes
#   ROUNDS=3 TOOLS="egret iftop" sudo -E benches/compare.sh
#
# All traffic stays between two network namespaces that the script makes and removes. Rounds are interleaved
# (none, egret, iftop, … and again), and only figures of the same round are compared: absolute figures of
# different rounds drift with the machine. "added" is the processor time of generator, monitor and ksoftirqd
# a packet, less that of the same round without a monitor.
set -euo pipefail
cd "$(dirname "$0")/.."

ROUNDS=${ROUNDS:-5}                # interleaved rounds of the first table
SECONDS_FLAT=${SECONDS_FLAT:-2}    # length of one flat-out load
TOOLS=${TOOLS:-"egret egret-screen iftop iftop-screen tcpdump nethogs bandwhich rustnet"}
PARTS=${PARTS:-"flat few many ladder flood idle"}
PEERS=${PEERS:-}                   # a folder with further peers in bin/
NOISY=1.3                          # calibration rounds further apart than this: noisy
TARGET=${CARGO_TARGET_DIR:-target}
PROFILE=${PROFILE:-release}

[ "$(id -u)" = 0 ] || { echo "compare.sh: needs root for network namespaces; try: sudo $0" >&2; exit 2; }
[ -n "$PEERS" ] && PATH="$PEERS/bin:$PATH"
[ "${BUILD:-1}" = 0 ] || cargo build --profile "$PROFILE" --quiet --bin egret --example lab
EGRET=$(readlink -f "$TARGET/$PROFILE/egret")
LAB=$(readlink -f "$TARGET/$PROFILE/examples/lab")

ID=egretbench$$
NEAR=$ID-near FAR=$ID-far
IF=bench0
WORK=$(mktemp -d)
MONITOR=""   # process of the monitor that runs now
HOLDERS=()   # processes that keep its standard input open

cleanup() {
    stop_monitor || true
    tmux -L "$ID" kill-server 2>/dev/null || true
    ip netns del "$NEAR" 2>/dev/null || true
    ip netns del "$FAR" 2>/dev/null || true
    rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

lab() { ip netns exec "$NEAR" "$LAB" "$@"; }

make_lab() {
    ip netns add "$NEAR"
    ip netns add "$FAR"
    ip link add "$IF" netns "$NEAR" type veth peer name far0 netns "$FAR"
    ip -n "$NEAR" link set "$IF" address 02:00:00:00:77:01
    ip -n "$FAR" link set far0 address 02:00:00:00:77:02
    for ns in "$NEAR" "$FAR"; do ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done
    ip -n "$NEAR" address add 10.77.0.1/24 dev "$IF"
    ip -n "$NEAR" link set lo up
    ip -n "$NEAR" link set "$IF" up
    ip -n "$FAR" link set far0 up
    # What arrives is thrown away before anybody answers it.
    ip -n "$FAR" route add blackhole default 2>/dev/null || true
}

# --- monitors -----------------------------------------------------------------------------------------------------

has() {
    case $1 in
        egret | egret-blind) true ;;
        tcpdump-2048) has tcpdump ;;
        *-screen) command -v tmux >/dev/null && has "${1%-screen}" ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# The command of a tool. $2: how long it will be needed, in seconds.
command_of() {
    case $1 in
        egret) echo "$EGRET flows -i $IF --for $2s --json --state $WORK/state" ;;
        egret-blind) echo "$EGRET flows -i $IF --for $2s --json --no-recognise --state $WORK/state" ;;
        egret-screen) echo "$EGRET -i $IF -n --state $WORK/state" ;;
        iftop) echo "iftop -t -n -N -i $IF" ;;
        iftop-screen) echo "iftop -n -N -i $IF" ;;
        tcpdump) echo "tcpdump -n -i $IF -w /dev/null" ;;
        tcpdump-2048) echo "tcpdump -n -s 2048 -i $IF -w /dev/null" ;;
        nethogs) echo "nethogs -t -C $IF" ;;
        bandwhich) echo "bandwhich --raw -n -i $IF" ;;
        bandwhich-screen) echo "bandwhich -n -i $IF" ;;
        rustnet) echo "rustnet --headless --output jsonl --no-resolve-dns -i $IF" ;;
        rustnet-screen) echo "rustnet --no-resolve-dns -i $IF" ;;
    esac
}

# Starts a tool in the sending namespace and waits until it listens. Sets MONITOR.
start_monitor() {
    local tool=$1 seconds=$2 command
    MONITOR=""
    [ "$tool" = none ] && return 0
    command=$(command_of "$tool" "$seconds")
    rm -rf "$WORK/state" "$WORK/out"
    if [[ $tool == *-screen ]]; then
        ip netns exec "$NEAR" tmux -L "$ID" -f /dev/null new-session -d -s "$tool" -x 160 -y 45 "exec $command"
        MONITOR=$(tmux -L "$ID" display-message -p -t "$tool" '#{pane_pid}')
    else
        mkfifo -m 600 "$WORK/stdin.$tool" 2>/dev/null || true
        sleep 600 > "$WORK/stdin.$tool" &
        HOLDERS+=($!)
        # shellcheck disable=SC2086 # the command is words
        ip netns exec "$NEAR" stdbuf -oL $command < "$WORK/stdin.$tool" > "$WORK/out" 2> "$WORK/err" &
        MONITOR=$!
    fi
    lab ready "$MONITOR" 10 || return 1
    sleep 0.7
}

stop_monitor() {
    local holder
    if [ -n "$MONITOR" ] && kill -TERM "$MONITOR" 2>/dev/null; then
        for _ in $(seq 60); do kill -0 "$MONITOR" 2>/dev/null || break; sleep 0.05; done
        if kill -0 "$MONITOR" 2>/dev/null; then kill -KILL "$MONITOR" || true; fi
        wait "$MONITOR" 2>/dev/null || true
    fi
    for holder in "${HOLDERS[@]}"; do kill "$holder" 2>/dev/null || true; wait "$holder" 2>/dev/null || true; done
    HOLDERS=()
    MONITOR=""
}

# --- one measurement ----------------------------------------------------------------------------------------------

field() { sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" <<< "$1" | head -n 1; }

# measure TOOL PART ROUND SECONDS [lab send options…]: appends a line to $WORK/runs:
#   part round tool sent nanos total_cpu monitor_cpu packets_seen drops rss_kb bytes_sent bytes_shown
measure() {
    local tool=$1 part=$2 round=$3 seconds=$4
    shift 4
    local for_seconds before before_all after after_all sent packets=- drops=- rss=- shown=- report
    for_seconds=$(awk -v s="$seconds" 'BEGIN { print int(s + 4.5) }')
    if ! start_monitor "$tool" "$for_seconds" 2> "$WORK/why"; then
        echo "compare.sh: $tool did not start: $(tail -n 1 "$WORK/why" "$WORK/err" 2>/dev/null | tr '\n' ' ')" >&2
        stop_monitor
        return 0
    fi
    before_all=$(lab cpu $MONITOR)
    before=$(lab cpu)
    sent=$(lab send "$IF" --seconds "$seconds" "$@")
    sleep 1.2
    after_all=$(lab cpu $MONITOR)
    after=$(lab cpu)
    if [ -n "$MONITOR" ]; then
        rss=$(awk '/^VmHWM/ { print $2 }' "/proc/$MONITOR/status" 2>/dev/null || echo -)
        case $tool in
            egret | egret-blind)
                wait "$MONITOR" || true
                MONITOR=""
                report=$(grep '"type":"summary"' "$WORK/out" || true)
                packets=$(field "$report" frames)
                drops=$(field "$report" ring)
                shown=$(field "$report" bytes_out)
                ;;
            egret-screen)
                report=$(tmux -L "$ID" capture-pane -p -t "$tool")
                drops=$(sed -n 's/.*drops \([0-9]*\).*/\1/p' <<< "$report" | tail -n 1)
                drops=${drops:--}
                cp /dev/stdin "$WORK/screen.$part" <<< "$report"
                ;;
            rustnet)
                # It reads its own statistics, so nothing is left of them to read here.
                report=$(tail -n 1 "$WORK/out")
                packets=$(field "$report" capture_packets_dropped)
                drops=$(field "$report" packets_dropped)
                if [ -n "$packets" ] && [ -n "$drops" ]; then drops=$((packets + drops)); else drops=-; fi
                packets=-
                ;;
            *-screen)
                [[ $tool == rustnet* ]] || read -r packets drops < <(lab losses "$MONITOR" 2>/dev/null || echo "- -")
                ;;
            *)
                read -r packets drops < <(lab losses "$MONITOR" 2>/dev/null || echo "- -")
                ;;
        esac
    fi
    stop_monitor
    local own
    own=$(field "$sent" cpu_nanos)
    echo "$part $round $tool $(field "$sent" sent) $(field "$sent" nanos)" \
        "$((own + after_all - before_all)) $((after_all - before_all - (after - before)))" \
        "${packets:--} ${drops:--} $rss $(field "$sent" bytes) ${shown:--}" >> "$WORK/runs"
}

progress() { printf '%4ds %s\n' "$SECONDS" "$*" >&2; }

# rounds PART ROUNDS SECONDS "TOOLS" [lab send options…]
rounds() {
    local part=$1 count=$2 seconds=$3 tools=$4 round tool
    shift 4
    for round in $(seq "$count"); do
        progress "$part, round $round of $count"
        for tool in none $tools; do measure "$tool" "$part" "$round" "$seconds" "$@"; done
    done
}

# --- the table ----------------------------------------------------------------------------------------------------

# Lines of $WORK/runs as table rows: medians, and ratios to egret in pairs of the same round.
summarise() {
    awk -v noisy="$NOISY" -v order="none $PRESENT egret-blind tcpdump-2048" '
        function sorted(list, n,   i, j, t) {
            for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
        }
        function median(text,   list, n, i) {
            n = split(text, list, " "); if (n == 0) return "–"
            for (i = 1; i <= n; i++) list[i] += 0
            sorted(list, n); least = list[1]; most = list[n]
            return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
        }
        function show(text, form,   middle) { middle = median(text); return middle == "–" ? middle : sprintf(form, middle) }
        function spread(text, form,   middle) {
            middle = median(text); if (middle == "–") return middle
            return sprintf(form " [" form "–" form "]", middle, least, most)
        }
        {
            key = $1 SUBSEP $3; seen[$1] = 1; parts[$1] = parts[$1] ? parts[$1] : ++count; name[parts[$1]] = $1
            if ($4 == 0) next
            pps[key] = pps[key] " " $4 / $5 * 1e9
            total = $6 / $4; own = $7 / $4
            if ($3 == "none") base[$1, $2] = total
            added[$1, $2, $3] = total
            if ($3 != "none") { monitor[key] = monitor[key] " " own }
            if ($9 != "-") {
                lost = $9
                loss[key] = loss[key] " " 100 * lost / $4
            }
            if ($10 != "-") rss[key] = rss[key] " " $10 / 1024
            if ($12 != "-") truth[key] = truth[key] " " $12 / $11
            rounds[$1] = $2 > rounds[$1] ? $2 : rounds[$1]
        }
        END {
            tools = split(order, tool, " ")
            for (p = 1; p <= count; p++) {
                part = name[p]
                for (t = 1; t <= tools; t++) {
                    key = part SUBSEP tool[t]
                    if (!(key in pps)) continue
                    extra = ""; ratio = ""; speeds = ""
                    for (r = 1; r <= rounds[part]; r++) {
                        if ((part, r, "none") in base) speeds = speeds " " base[part, r]
                        if (tool[t] == "none" || !((part, r, tool[t]) in added)) continue
                        mine = added[part, r, tool[t]] - base[part, r]
                        extra = extra " " mine
                        if ((part, r, "egret") in added) {
                            egret = added[part, r, "egret"] - base[part, r]
                            if (egret > 0) ratio = ratio " " mine / egret
                        }
                    }
                    median(speeds); note = speeds != "" && most > noisy * least ? " (noisy)" : ""
                    printf "| %s%s | %s | %s | %s | %s | %s | %s | %s | %s |\n", part, note, tool[t], show(pps[key], "%.0f"), \
                        show(loss[key], "%.3f"), show(monitor[key], "%.0f"), spread(extra, "%.0f"), spread(ratio, "%.2f"), \
                        show(rss[key], "%.1f"), show(truth[key], "%.6f")
                }
            }
        }' "$WORK/runs"
}

# --- the parts ----------------------------------------------------------------------------------------------------

only() { local tool; for tool in "$@"; do [[ " $PRESENT " == *" $tool "* ]] && printf '%s ' "$tool"; done; true; }

# The highest rate of a ladder that a tool takes without loss, as it was sent: beyond what the generator can do on
# this machine no step says more.
ladder() {
    local tool=$1 rate run sent drops last=0 end=""
    for rate in 50000 100000 200000 400000 600000 900000 1200000; do
        cp "$WORK/runs" "$WORK/runs.kept"
        measure "$tool" ladder 1 1 --flows 10000 --rate "$rate"
        run=$(tail -n 1 "$WORK/runs" | awk '$1 == "ladder" { printf "%s %s %d", $9, $4, $4 / $5 * 1e9 }')
        cp "$WORK/runs.kept" "$WORK/runs"
        read -r drops sent run <<< "$run"
        # A share of one in ten thousand is the last block of libpcap, not a loss.
        awk -v lost="$drops" -v sent="$sent" 'BEGIN { exit !(lost != "-" && lost != "" && lost <= sent / 10000) }' || break
        last=$run
        if [ "$run" -lt $((rate * 9 / 10)) ]; then end=", all that the generator sends"; break; fi
    done
    echo "| ladder | $tool | $last packets/s without loss$end |"
}

# Processor share of an open screen without traffic.
idle() {
    local tool=$1 before after
    start_monitor "$tool" 20 2>/dev/null || { stop_monitor; return 0; }
    sleep 2
    before=$("$LAB" cpu "$MONITOR") before=$((before - $("$LAB" cpu)))
    sleep 8
    after=$("$LAB" cpu "$MONITOR") after=$((after - $("$LAB" cpu)))
    stop_monitor
    awk -v n=$((after - before)) -v tool="$tool" 'BEGIN { printf "| idle | %s | %.2f %% of a core |\n", tool, n / 8e7 }'
}

PRESENT="" MISSING=""
for tool in $TOOLS; do if has "$tool"; then PRESENT+="$tool "; else MISSING+="$tool "; fi; done
make_lab
: > "$WORK/runs"
LOAD=$(cut -d' ' -f1 /proc/loadavg)
for part in $PARTS; do
    case $part in
        flat) rounds flat "$ROUNDS" "$SECONDS_FLAT" "$PRESENT" --flows 10000 ;;
        few) rounds few "$(((ROUNDS + 1) / 2 + 1))" "$SECONDS_FLAT" "$(only egret egret-screen iftop tcpdump)" --flows 10 ;;
        many) rounds many 1 "$SECONDS_FLAT" "$PRESENT" --flows 1000000 ;;
        flood) rounds flood 1 10 "$(only egret egret-screen)" --flows 10000000 --count 10000000 ;;
        # What recognition costs where it needs no more than the first 2048 bytes of a frame, as tcpdump takes them.
        mtu) rounds mtu "$ROUNDS" 3 "egret egret-blind $(only tcpdump) tcpdump-2048" --flows 1000 --size 1514 --rate 100000 ;;
        ladder) for tool in $(only egret iftop bandwhich rustnet); do
            progress "ladder, $tool"; ladder "$tool" >> "$WORK/more"; done ;;
        idle) for tool in $(only egret-screen iftop-screen rustnet-screen); do
            progress "idle, $tool"; idle "$tool" >> "$WORK/more"; done ;;
    esac
done

echo "Frames of 60 bytes, flat out, sent through the watched interface; $(nproc) processors, kernel $(uname -r)."
echo
echo "| load | tool | packets/s sent | loss % | monitor ns a packet | added ns a packet | added, egret = 1 | RSS MB | bytes shown / sent |"
echo "|---|---|---|---|---|---|---|---|---|"
summarise
if [ -s "$WORK/more" ]; then echo; echo "| part | tool | result |"; echo "|---|---|---|"; cat "$WORK/more"; fi
[ -z "$MISSING" ] || { echo; echo "Not measured, because not installed: $MISSING"; }
echo
if awk -v busy="$LOAD" -v cores="$(nproc)" 'BEGIN { exit !(busy > cores / 4) }'; then
    echo "Other work was running (load $LOAD at the start): these figures are not results."
fi
echo "mtu, if asked for in PARTS: 1 000 flows of 1514 bytes at 100 000 packets/s; egret-blind is --no-recognise."
echo "flat: 10 000 flows · few: 10 · many: 1 000 000 · flood: 10 000 000 packets, each of a flow of its own."
echo "Took $SECONDS s."
