# sdesp run in a guest: two namespaces, a wire, programs that know nothing of
# sdesp. Run by test_run.sh, in the guest. SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2086 # lists of options
set -u
passed=0 failed=0
S=./sdesp

check() {
	what=$1
	shift
	if "$@" > out 2> err; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED $cell: $what: $(tail -n 2 err) $(tail -n 2 out)"
	fi
}
in_a() { ip netns exec a "$@"; }
in_b() { ip netns exec b "$@"; }
# Quiet for one who may not be there.
end() {
	kill "$@" 2> /dev/null
	case $1 in -*) shift ;; esac
	wait "$@" 2> /dev/null
}

ip netns add a && ip netns add b || exit 1
ip -n a link add link0 type veth peer name link0 netns b || exit 1
for n in a b; do
	# shellcheck disable=SC2016 # expanded inside
	ip netns exec $n sh -c 'echo 0 > /proc/sys/net/ipv6/conf/link0/accept_dad'
	ip -n $n link set lo up
	ip -n $n link set link0 up
done
ip -n a addr add 10.99.0.1/24 dev link0
ip -n b addr add 10.99.0.2/24 dev link0
ip -n a addr add fd99::1/64 dev link0 nodad
ip -n b addr add fd99::2/64 dev link0 nodad
ip -n a addr add 10.10.1.1/24 dev lo
ip -n b addr add 10.10.2.1/24 dev lo
head -c 300000 /dev/urandom > file
hash=$(sha256sum < file)
mkfifo open && exec 3<> open # a server's input that does not end

agree() {
	rm -f a.state b.state
	$S offer --state a.state $1 > offer &&
		$S answer --state b.state $2 offer > answer &&
		$S accept --state a.state answer
}
# What the last one said is not what this one says.
start_a() {
	: > a.log
	ip netns exec a $S run --state a.state --backend "$1" 2> a.log &
	a=$!
}
start_b() {
	: > b.log
	ip netns exec b $S run --state b.state --backend "$1" 2> b.log &
	b=$!
}
# Ciphers are loaded at the first use.
ready() {
	for f in "$@"; do
		n=0
		until grep -q 'sdesp: running' $f || [ $n = 200 ]; do
			sleep 0.1
			n=$((n + 1))
		done
	done
}
# A TCP stream to an address of b, and its hash.
stream() {
	ip netns exec b timeout 20 nc -l -p 7007 > got <&3 &
	l=$!
	n=0
	until in_b grep -q ':1B5F .* 0A ' /proc/net/tcp /proc/net/tcp6 ||
		[ $n = 100 ]; do
		sleep 0.1
		n=$((n + 1))
	done
	in_a timeout 20 nc "$1" 7007 < file
	wait $l
	[ "$(sha256sum < got)" = "$hash" ]
}
empty() {
	[ -z "$(ip -n a xfrm state)$(ip -n a xfrm policy)" ] &&
		[ -z "$(ip -n b xfrm state)$(ip -n b xfrm policy)" ] &&
		! ip -n a rule | grep -q 'proto 93'
}
carry() {
	check "ping $1" in_a ping -c 5 -i 0.1 -W 2 -q "$1"
	check "TCP $1" stream "$1"
}

# cell NAME BACKEND-A BACKEND-B OFFER ANSWER ADDRESS
cell() {
	cell=$1
	check "agreement" agree "$4" "$5"
	ip netns exec a ./run link0 > wire &
	w=$!
	start_a "$2"
	start_b "$3"
	ready a.log b.log
	carry "$6"
	check "status" sh -c "$S status --state a.state |
		grep -q 'running, backend $2'"
	kill -INT $a $b
	wait $a
	check "end of a" [ $? = 0 ]
	wait $b
	check "end of b" [ $? = 0 ]
	check "nothing is left" empty
	start_a "$2"
	start_b "$3"
	ready a.log b.log
	carry "$6"
	end -INT $a $b
	end $w
	check "nothing in the clear: $(cat wire)" grep -q ', 0 clear' wire
	check "ESP: $(cat wire)" grep -q '^[1-9][0-9][0-9]* ESP' wire
	cat a.log b.log | grep -v 'sdesp: running\|sdesp: sent'
}

transport='--local 10.99.0.1:4500' peer='--local 10.99.0.2:4500'


cell xfrm-xfrm-udp xfrm xfrm "$transport" "$peer" 10.99.0.2
cell xfrm-xfrm-raw xfrm xfrm "$transport --encap none" "$peer" 10.99.0.2
cell xfrm-xfrm-esn-6 xfrm xfrm "--local [fd99::1]:9 --encap none --esn" \
	"--local [fd99::2]:9" fd99::2
cell tun-xfrm-udp tun xfrm "$transport" "$peer" 10.99.0.2
cell xfrm-tun-raw xfrm tun "$transport --encap none" "$peer" 10.99.0.2

# Rekeys while both ends run, under pings: none is lost, none is in the clear.
rekey() {
	check "$1 offers" sh -c "$S offer --state $1.state $3 > offer"
	check "$2 answers" sh -c "$S answer --state $2.state offer > answer"
	check "$1 accepts" $S accept --state $1.state answer
}
rekeys() {
	cell=$1
	check "agreement" agree "$4" "$5"
	ip netns exec a ./run link0 > wire &
	w=$!
	start_a "$2"
	start_b "$3"
	ready a.log b.log
	check "ping" in_a ping -c 2 -W 2 -q "$6"
	ip netns exec a ping -c 300 -i 0.05 -W 2 -q "$6" > pings &
	p=$!
	for _ in 1 2 3; do
		rekey a b --rekey
		sleep 0.7
		rekey b a --rekey
		sleep 0.7
	done
	rekey b a --refresh
	check "TCP" stream "$6"
	check "told: $(grep -c rekeyed: a.log)" \
		[ "$(grep -c rekeyed: a.log)" = 6 ]
	check "status" sh -c "$S status --state a.state |
		grep -q \"out *spi $(sed -n 's/.*rekeyed.*out //p' a.log |
			tail -n 1)\""
	check "pings until the end" kill -0 $p
	wait $p
	check "no ping lost: $(grep loss pings)" \
		grep -q '^300 .* 300 packets received' pings
	kill -INT $a $b
	wait $a
	check "end of a" [ $? = 0 ]
	wait $b
	check "end of b" [ $? = 0 ]
	check "counts go on: $(tail -n 1 a.log)" [ 300 -lt \
		"$(sed -n 's/.*: sent \([0-9]*\) packets.*/\1/p' a.log)" ]
	check "nothing is left" empty
	end $w
	check "nothing in the clear: $(cat wire)" grep -q ', 0 clear' wire
	echo "$cell: $(grep loss pings); $(cat wire)"
}
rekeys rekeys-xfrm-xfrm xfrm xfrm "$transport" "$peer" 10.99.0.2
rekeys rekeys-xfrm-tun xfrm tun "$transport" "$peer" 10.99.0.2
rekeys rekeys-tun-xfrm-raw-6 tun xfrm "--local [fd99::1]:9 --encap none" \
	"--local [fd99::2]:9" fd99::2

# Killed: the kernel goes on with what it has, and lets nothing out otherwise.
cell=killed
agree "$transport" "$peer" || exit 1
start_a xfrm
start_b xfrm
ready a.log b.log
check "ping" in_a ping -c 2 -W 2 -q 10.99.0.2
ip netns exec a ./run link0 > wire &
w=$!
end -9 $a
in_a ping -c 2 -W 1 -q 10.99.0.2 > /dev/null
start_a xfrm
wait $a
check "spent" grep -q 'spent' a.log
check "rekey" sh -c "$S offer --state a.state --rekey > offer"
end -INT $b
check "rekey" sh -c "$S answer --state b.state offer > answer &&
	$S accept --state a.state answer"
start_b xfrm
start_a xfrm
ready a.log b.log
end $w
check "nothing in the clear: $(cat wire)" grep -q ', 0 clear' wire
check "ping after the rekey" in_a ping -c 2 -W 2 -q 10.99.0.2
check "one pair" [ "$(ip -n a xfrm state | grep -c '^src')" = 2 ]
end -INT $a $b
check "nothing is left" empty

# Killed and begun again, while a sends all the time and minds no error. A start
# that fails opens nothing either.
again() {
	cell=$1 backend=$2 address=$5
	check "agreement" agree "$3" "$4"
	mv a.state c.state
	check "agreement" agree "$3" "$4"
	start_a $backend
	start_b $backend
	ready a.log b.log
	ip netns exec a ./run link0 > wire &
	w=$!
	ip netns exec a ./run to "$address" > poured &
	p=$!
	check "ping" in_a ping -c 2 -W 2 -q "$address"
	for round in 1 2 3; do
		end -9 $a
		sleep 0.2
		if [ $backend = xfrm ]; then
			start_a xfrm
			wait $a
			check "$round: spent" grep -q 'spent' a.log
		fi
		rekey a b --rekey
		# Somebody has the port.
		: > c.log
		ip netns exec a $S run --state c.state 2> c.log &
		c=$!
		ready c.log
		start_a $backend
		wait $a
		check "$round: no start: $(cat a.log)" [ $? = 3 ]
		end -INT $c
		start_a $backend
		ready a.log
		check "$round: ping" in_a ping -c 2 -W 2 -q "$address"
		check "$round: wire, sender" kill -0 $w $p
	done
	end $p
	end $w
	check "nothing in the clear: $(cat wire)" grep -q ', 0 clear' wire
	check "sent: $(cat poured)" grep -q '^[0-9][0-9][0-9]* sent' poured
	end -INT $a $b
	check "nothing is left" empty
	echo "$cell: $(cat poured); $(cat wire)"
}
again again-xfrm xfrm "$transport" "$peer" 10.99.0.2
again again-xfrm-6 xfrm "--local [fd99::1]:4500" "--local [fd99::2]:4500" \
	fd99::2
again again-tun tun "$transport" "$peer" 10.99.0.2
again again-tun-6 tun "--local [fd99::1]:4500" "--local [fd99::2]:4500" fd99::2

# In the clear, from where nobody runs: a's kernel takes no ping. How many it
# took is its own count.
echoes() {
	in_a awk '/^Icmp: [^0-9]/ { for (i = 1; $i != "InEchos"; i++); }
		/^Icmp: [0-9]/ { print $i }' /proc/net/snmp
	in_a awk '/^Icmp6InEchos/ { print $2 }' /proc/net/snmp6
}
# clear ADDRESS COUNT: of three pings.
clear() {
	before=$(echoes | awk '{ n += $1 } END { print n }')
	in_b ping -c 3 -i 0.1 -W 1 -q "$1" > /dev/null
	after=$(echoes | awk '{ n += $1 } END { print n }')
	echo "$((after - before)) pings"
	[ $((after - before)) = "$2" ]
}
cell=clear
for pair in "10.99.0.1 10.99.0.2" "[fd99::1] [fd99::2]"; do
	own=${pair% *} other=${pair#* }
	own_ip=$(echo "$own" | tr -d '[]')
	check "agreement" agree "--local $own:4500" "--local $other:4500"
	check "before, $own" clear "$own_ip" 3
	start_a tun
	ready a.log
	check "refused, $own" clear "$own_ip" 0
	end -9 $a
	check "killed, $own" clear "$own_ip" 0
	start_a tun
	ready a.log
	check "again, $own" clear "$own_ip" 0
	end -INT $a
	check "after, $own" clear "$own_ip" 3
	check "nothing is left" empty
	grep 'not refused\|this kernel has no' a.log
done

# Told to end at any moment of its beginning.
early() {
	cell=early-$1
	agree "$transport" "$peer" || exit 1
	for s in INT TERM; do
		for t in 0.001 0.005 0.01 0.02 0.03 0.05 0.1 0.2 0.4; do
			in_a timeout -k 5 -s $s $t $S run --state a.state \
				--backend "$1" 2> a.log
			check "$s after $t: $(cat a.log)" [ $? = 124 ]
			check "nothing is left after $s, $t" empty
		done
	done
	start_a "$1"
	ready a.log
	end -INT $a
	check "the keys are not spent: $(cat a.log)" grep -q running a.log
}
early xfrm
early tun

# A program of its own, on the kernel's path.
cell=program
agree "$transport" "$peer" || exit 1
start_b xfrm
ready b.log
check "its status" sh -c "ip netns exec a $S run --state a.state \
	--backend xfrm --exec sh -c 'ping -c 3 -W 2 -q 10.99.0.2 && exit 9'
	[ \$? = 9 ]"
end -INT $b
check "nothing is left" empty

echo "$passed passed, $failed failed"
[ $failed = 0 ]
