// The looks before a recording, for the script of plain shell: with the machine's own stat, awk, filefrag and xfs_info. What
// it finds it writes into the buffer as the same notes the recorder writes.

/** Files whose maps are taken. */
const MOST_FILES = 2000;

/**
 * Shell functions; `look DIR...` looks at these file systems. Needs $I, the buffer.
 */
export const SHELL_LOOKS = `# What is there before the start, as notes in the buffer: descriptors, mappings, sizes, block maps, how XFS counts blocks.
note() { echo "sealtrace $*" > $I/trace_marker; }
# The clock mono, where the kernel shows it; 0 is earlier: then a note counts where nothing changed at all.
now() { NOW=; while read -r A B C _; do case "$A $B" in "now at") NOW=$C; break;; esac; done 2>/dev/null < /proc/timer_list; echo "\${NOW:-0}"; }
notes() { while IFS= read -r line; do note "$line"; done; }
# st_dev as the kernel writes it.
device() { echo "$(( ($1 >> 8) & 4095 )):$(( ($1 & 255) | (($1 >> 12) & 1048320) ))"; }
# filefrag -v of one file, in pieces that fit into a marker.
map_of() { LC_ALL=C filefrag -v "$1" 2>/dev/null | awk -v head="$2" '
  function put(to) { printf "note_map %s %.0f %.0f %s\\n", head, from, to, words == "" ? "-" : words; words = ""; from = to }
  /^File size of/ { match($0, /of [0-9]+ bytes/); block = substr($0, RSTART + 3) + 0; known = 1 }
  /^ *[0-9]+: *[0-9]+\\.\\./ && $NF !~ /inline/ {
    line = $0; gsub(/[:.]+/, " ", line); n = split(line, p, " ")
    flags = $NF; state = flags ~ /delalloc/ ? "d" : flags ~ /unwritten/ ? "u" : "w"
    if (length(words) > 700) put(p[2] * block)
    one = sprintf("%.0f:%.0f:%.0f:%s%s", p[2] * block, (p[3] - p[2] + 1) * block, state == "d" ? -1 : p[4] * block, state, flags ~ /shared/ ? "s" : "")
    words = words == "" ? one : words "," one
  }
  END { if (known) put(-1) }'; }
look() {
  DEVICES=
  for DIR in "$@"; do
    DEV=$(device "$(stat -c %d "$DIR")"); DEVICES="$DEVICES $DEV "
    TYPE=$(stat -f -c %T "$DIR"); [ "$TYPE" = xfs ] || TYPE=ext4
    note note_blocks $$ $$ 0 $DEV "$(stat -f -c %S "$DIR")"
    [ $TYPE = xfs ] && { xfs_info "$DIR" 2>/dev/null || echo "no xfs_info: addresses on $DIR are learned from events" >&2; } |
      sed -n 's/.*agsize=\\([0-9]*\\) blks.*/\\1/p' |
      awk -v head="$$ $$ 0 $DEV" '{ for (log2 = 0; 2 ^ log2 < $1; log2++); print "note_geometry " head " " $1 " " log2 }' | notes
    command -v filefrag > /dev/null || { echo "no filefrag (e2fsprogs): maps of files from before are not known" >&2; continue; }
    find "$DIR" -xdev -type f 2>/dev/null | head -${MOST_FILES} | while IFS= read -r FILE; do
      WHERE=$(stat -c '%i %s' "$FILE" 2>/dev/null) || continue
      note note_file $$ $$ 0 $DEV $WHERE "$FILE"
      map_of "$FILE" "$$ $$ $(now) $DEV \${WHERE% *} $TYPE" | notes
    done
  done
  SINCE=$(now)
  stat -L -c '%d %i %F|%n' /proc/[0-9]*/fd/* 2>/dev/null | sed -n 's/^\\([0-9]*\\) \\([0-9]*\\) regular[^|]*|.proc.\\([0-9]*\\).fd.\\([0-9]*\\)$/\\1 \\2 \\3 \\4/p' |
    while read -r NUMBER INODE PID FD; do
      DEV=$(device $NUMBER)
      case "$DEVICES" in *" $DEV "*) note note_fd_inode $PID $PID $SINCE $FD $DEV $INODE;; esac
    done
  # One grep for all processes: a start of awk for each takes seconds.
  SINCE=$(now); NUMBERS=
  for DEV in $DEVICES; do NUMBERS="$NUMBERS|$(printf %02x:%02x \${DEV%:*} \${DEV#*:})"; done
  LC_ALL=C grep -HE " (\${NUMBERS#|}) [1-9]" /proc/[0-9]*/maps 2>/dev/null | awk -v since="$SINCE" -v devices="^(\${NUMBERS#|})$" '
    function hex(text, i, value) { for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1; return value }
    { sub(/^\\/proc\\//, ""); sub(/\\/maps:/, " "); if ($5 !~ devices) next; split($5, d, ":"); split($2, a, "-")
      path = $0; for (i = 0; i < 6; i++) sub(/^[^ ]+ +/, "", path)
      printf "note_mmap %s %s %s %.0f %.0f %.0f %s %s %s %s\\n", $1, $1, since, hex(a[1]), hex(a[2]) - hex(a[1]), hex($4), hex(d[1]) ":" hex(d[2]), $6, $3, path }' | notes
}`;
