# Ends the servers of a test process that is gone, and removes their folder ($1).
# Standard input is a pipe that the test process holds open and never writes to: it closes when that process ends,
# in whichever way, SIGKILL included. $1/pids holds a file per server, named by its process group, with the signal that
# ends it at once and the time at which its leader was started.
read -r _

# Whether the number belongs to another process by now. While a group exists, its leader's number is not used again.
is_other() {
  [ -r "/proc/$1/stat" ] || return 1
  set -- "$2" $(sed 's/.*) //' "/proc/$1/stat" 2> /dev/null)
  [ "$#" -gt 20 ] && [ "$1" != "${21}" ]
}

for file in "$1"/pids/*; do
  [ -e "$file" ] || continue
  group=${file##*/}
  read -r signal started < "$file"
  if is_other "$group" "$started"; then
    rm -f "$file"
  else
    kill -s "$signal" -- "-$group" 2> /dev/null
  fi
done
for file in "$1"/pids/*; do
  tries=0
  while [ -e "$file" ] && [ $((tries += 1)) -le 200 ] && kill -s 0 -- "-${file##*/}" 2> /dev/null; do
    [ $tries -eq 200 ] && kill -s KILL -- "-${file##*/}"
    sleep 0.05
  done
done
# A mount would keep its content from being removed, or lose it.
while read -r _ path _; do
  case $path in "$1"/*) umount -l "$path" ;; esac
done < /proc/mounts
tries=0
until rm -rf "$1" 2> /dev/null || [ $((tries += 1)) -gt 40 ]; do
  sleep 0.05
done
