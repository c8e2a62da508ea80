# Sum a linker map's kept sections by who they belong to.
# SPDX-License-Identifier: MIT
function hex(s,    i, n) {
	n = 0
	for (i = 3; i <= length(s); i++)
		n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return n
}
/^Linker script and memory map/ { on = 1; next }
!on { next }
/^ \.?[a-zA-Z]/ && NF == 1 { name = $1; next }
/^ \.?[a-zA-Z]/ { name = $1; addr = $2; size = $3; file = $4; add(); next }
/^ +0x/ && NF >= 3 && name != "" {
	addr = $1; size = $2; file = $3
	add()
}
{ name = "" }
function add(    who, n) {
	if (size !~ /^0x/ || file == "")
		return
	n = hex(size)
	who = file ~ /libours\.a/ ? "ours" : file ~ /libbear\.a/ ? "bear" : "gcc"
	if (file ~ /main|ld-temp|crt/)
		return
	if (name ~ /^\.(text|rodata|literal|init|fini|data\.rel\.ro)/)
		text[who] += n
	else if (name ~ /^\.(data|tdata)/)
		data += n
	else if (name ~ /^(\.bss|COMMON|\.tbss)/)
		bss += n
	name = ""
}
END {
	printf "%-34s %7d %8d %7d %6d %6d\n", label, text["ours"],
		text["bear"], text["gcc"], data, bss
}
