# What the linker kept of the netif and of lwIP, from its map.
# SPDX-License-Identifier: MIT
function hex(s,    i, n) {
	for (i = 3; i <= length(s); i++)
		n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return n
}
/^Linker script and memory map/ { on = 1 }
!on { next }
/^ \.(text|rodata)/ && NF == 1 {
	getline rest
	$0 = $0 rest
}
/^ \.(text|rodata)/ && NF >= 4 {
	if ($4 ~ /ports-lwip-/)
		netif += hex($3)
	else if ($4 ~ /lwip-src-/)
		lwip += hex($3)
}
END { printf "flash: netif %d octets, lwIP %d\n", netif, lwip }
