#!/bin/sh
# Puts the public key of one rotation into authorized_keys (add), or ends the rotation there (finish): marks its line as
# the current one and removes the lines that it supersedes. Runs as root by Run Command and State Manager, which write
# the parameters in between the quotes; the document allows nothing that could end a quote.
set -euf
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077

action='{{ Action }}'
users='{{ Users }}'
secret='{{ Secret }}'
public_key='{{ PublicKey }}'
keep='{{ KeepGeneration }}'
superseded='{{ SupersededKey }}'

lock=/run/ssh-rotation.lock # only root can write there
lock_seconds=30

complain() {
    printf 'ssh-rotation: %s\n' "$*" >&2
}

fail() {
    complain "$@"
    exit 1
}

# -- what was asked for, looked at again --

case $action in add | finish) ;; *) fail "Action is neither add nor finish" ;; esac

# One line `type base64 ssh-rotation:generation:arn`; sets $label, $generation and $latest.
read_public_key() {
    # shellcheck disable=SC2086 # split into its three words
    set -- $public_key
    if [ $# != 3 ] || [ "$public_key" != "$1 $2 $3" ]; then fail "PublicKey is not one line of three words"; fi
    case $1 in
    ssh-ed25519 | ecdsa-sha2-nistp256 | ecdsa-sha2-nistp384 | ecdsa-sha2-nistp521 | ssh-rsa) ;;
    *) fail "PublicKey is of a type that is not allowed" ;;
    esac
    case $2 in AAAA*) ;; *) fail "PublicKey has no key" ;; esac
    case $2 in *[!A-Za-z0-9+/=]*) fail "PublicKey's key is not base64" ;; esac
    label=$3
    generation=${label#ssh-rotation:}
    generation=${generation%%:*}
    is_generation "$generation" || fail "PublicKey's label has no generation of 13 digits"
    [ "$label" = "ssh-rotation:$generation:$secret" ] || fail "PublicKey's label is not ssh-rotation:GENERATION:$secret"
    # A generation is the time of its rotation in ms. One from the future would make every later rotation a late one. In
    # units of 100 s, of which a day has 864: 13 digits are too many for the arithmetic of some shells.
    now=$(date +%s) || fail "cannot tell the time"
    latest=$((${now%??} + 864))
    [ "${generation%?????}" -le "$latest" ] ||
        fail "PublicKey's generation $generation is more than a day ahead of this node's clock: which of them is wrong?"
}

is_generation() {
    case $1 in *[!0-9]*) return 1 ;; esac
    [ "${#1}" = 13 ]
}

[ "$public_key" = none ] || read_public_key
[ "$keep" = none ] || is_generation "$keep" || fail "KeepGeneration is neither none nor 13 digits"
case $superseded in none) ;; *[!A-Za-z0-9+/=]* | '') fail "SupersededKey is neither none nor base64" ;; esac
case $users in '' | ,* | *, | *,,*) fail "Users has an empty name" ;; esac
case $users in *[!A-Za-z0-9_.,-]*) fail "Users has a character that no name has" ;; esac
case ,$users in *,[!A-Za-z_]*) fail "Users has a name that begins with neither a letter nor _" ;; esac

# -- one at a time on this node --

command -v flock >/dev/null || fail "flock is missing: install util-linux"
exec 9>>"$lock" || fail "cannot write $lock"
flock -w "$lock_seconds" 0 <&9 || fail "another run has held $lock for $lock_seconds seconds: try again"

# -- the node's host keys, first, so that nothing cuts them off --

newline='
'

print_host_keys() {
    found=
    # What is in use; -C satisfies the Match blocks of a configuration that has some.
    rest=$(sshd -T -C user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22 2>/dev/null)$newline || rest=
    while [ -n "$rest" ]; do
        case $rest in
        hostkey*)
            file=${rest%%"$newline"*}
            print_host_key "${file#hostkey }.pub"
            ;;
        esac
        rest=${rest#*"$newline"}
    done
    [ -z "$found" ] || return 0
    set +f
    for file in /etc/ssh/ssh_host_*_key.pub; do print_host_key "$file"; done
    set -f
    [ -n "$found" ] || printf 'ssh-rotation: no host keys found: is sshd installed, were its keys made?\n' >&2
}

print_host_key() { # print_host_key FILE
    [ -r "$1" ] || return 0
    type='' key=''
    read -r type key _ <"$1" || [ -n "$key" ] || return 0
    case $type in ssh-dss | '') return 0 ;; esac
    printf 'host-key %s %s\n' "$type" "$key"
    found=yes
}

print_host_keys

# -- this node's name, for temporary files: several nodes may share a home --

{ read -r node </proc/sys/kernel/hostname; } 2>/dev/null || node=
node=${node:-node}
while :; do
    case $node in
    *[!A-Za-z0-9.-]*) node=${node%%[!A-Za-z0-9.-]*}-${node#*[!A-Za-z0-9.-]} ;;
    *) break ;;
    esac
done

# -- what is done inside a home, with the rights of the owner of .ssh --

# Arguments: user, home, whose rights these are (user or root), then the variables of the same names as above.
# Answers by its last line: changed or same, perhaps with the word unlabelled, or late. Anything else is why it failed.
in_home=$(
    cat <<'IN_HOME'
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077
user=$1 home=$2 rights=$3 action=$4 line=$5 generation=$6 label=$7 keep=$8 superseded=$9 latest=${10} node=${11}
export action line generation label keep superseded latest # awk reads them in ENVIRON, where no backslash means anything
file=authorized_keys
tmp=

fail() {
    printf '%s\n' "$*"
    exit 1
}

trap '[ -z "$tmp" ] || rm -f -- "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# -- the folder; whatever happens to its name from here on, it is the working directory --

cd -P -- "$home" || fail "cannot enter the home $home: make it, or let the user enter it"
[ ! -h .ssh ] || fail "$home/.ssh is a symbolic link: make it a folder"
if [ ! -e .ssh ]; then
    [ "$rights" = user ] || fail "$home/.ssh went away: try again"
    mkdir -m 700 .ssh || fail "cannot make $home/.ssh: make it and give it to $user"
fi
[ -d .ssh ] || fail "$home/.ssh is not a folder: move it away"
cd -P ./.ssh || fail "cannot enter $home/.ssh: its owner must have rwx"
# shellcheck disable=SC3013,SC3067 # -ef and -O are not of POSIX, but of every sh that is meant
{
    [ .. -ef "$home" ] || fail "$home/.ssh was swapped for another folder: look who did that"
    [ -O . ] || fail "$home/.ssh belongs to somebody else: chown it to $user"
}
temporary=./.authorized_keys.ssh-rotation.$node
for stale in "$temporary".??????; do # what a killed run on this node left; on another, one may be at work
    [ ! -e "$stale" ] && [ ! -h "$stale" ] || rm -f -- "$stale" || fail "cannot remove $home/.ssh/$stale"
done

# -- the file --

[ ! -h $file ] || fail "$home/.ssh/$file is a symbolic link: make it a file"
old=./$file
if [ ! -e $file ]; then
    old=/dev/null
else
    [ -f $file ] || fail "$home/.ssh/$file is not a regular file: move it away"
    # shellcheck disable=SC3067
    [ -O $file ] || fail "$home/.ssh/$file belongs to somebody else than the folder: chown it"
fi
attributes=$(stat -c '%a %g %h %s' . $old) || fail "cannot look at $home/.ssh/$file"
# shellcheck disable=SC2086 # eight words
set -- $attributes
if [ "$rights" = root ]; then
    case $1 in *[2367]? | *[2367]) fail "$home/.ssh is root's and others may write in it: chmod go-w it" ;; esac
fi
mode=$5 group=$6 links=$7 size=$8
export size
[ "$links" = 1 ] || fail "$home/.ssh/$file has $links hard links: remove the others"
# awks take a NUL byte for a character, for the end of the line, or for that of the file.
if [ "$size" != 0 ] && tr -cd '\000' <$old | grep -q ''; then
    fail "$home/.ssh/$file has a NUL byte: look at it"
fi

# A line of this secret: its last field, or the one before a last field `current`, is the label of a generation.
# Sets `found`, the line's generation, `marked`, and `plain`, the line without its mark. Everything is compared as text.
ours='
    function is_ours(text,    last) {
        marked = 0
        if (text ~ /^[ \t]*#/) return 0
        plain = text
        sub(/[ \t\r]+$/, "", plain)
        last = last_field(plain)
        if (last == "current") {
            marked = 1
            sub(/[ \t]*current$/, "", plain)
            last = last_field(plain)
        }
        found = substr(last, 14, 13)
        return length(last) == length(ENVIRON["label"]) && found ~ /^[0-9]+$/ &&
            substr(last, 1, 13) == "ssh-rotation:" && substr(last, 27) == substr(ENVIRON["label"], 27)
    }
    function last_field(text) {
        return match(text, /[^ \t]+$/) ? substr(text, RSTART) : ""
    }
'

# Prints what is to be done, in one line; if that is to write, then the new content and a full stop.
plan=$(awk "$ours"'
    function older(a, b) { return (a "") < (b "") }
    # From the future: no rotation of this secret wrote that. It makes nobody late, and finish removes it.
    function impossible(generation) { return older(ENVIRON["latest"], substr(generation, 1, 8)) }
    function has_field(text, field,    fields, n, i) {
        sub(/\r$/, "", text)
        n = split(text, fields, /[ \t]+/)
        for (i = 1; i <= n; i++) if (fields[i] "" == field "") return 1
        return 0
    }
    BEGIN {
        this = ENVIRON["generation"]
        finish = ENVIRON["action"] == "finish"
    }
    {
        lines[NR] = $0
        bytes += length($0) + 1
        if (!is_ours($0)) next
        generation[NR] = found
        if (marked) {
            without_mark[NR] = plain
            if (found "" == this "") current = 1
            if (older(this, found) && !impossible(found)) late = 1
        }
    }
    END {
        open = bytes - ENVIRON["size"] # 1 if the last line has no newline
        if (open < 0 || open > 1) { print "changing"; exit }
        if (late) { print "late"; exit }
        mine = ENVIRON["line"] (finish || current ? " current" : "")
        for (i = 1; i <= NR; i++) {
            text = lines[i]
            if (i in generation) {
                if (generation[i] "" == this "") {
                    text = mine
                    if (placed++) { changed = 1; continue }
                } else if (finish) {
                    if (impossible(generation[i]) ||
                        older(generation[i], this) && generation[i] "" != ENVIRON["keep"] "") { changed = 1; continue }
                    if (i in without_mark) text = without_mark[i]
                }
            } else if (finish && ENVIRON["superseded"] != "none" && text !~ /^[ \t]*#/ &&
                       has_field(text, ENVIRON["superseded"])) {
                unlabelled = " unlabelled"
            }
            if (text "" != lines[i] "") changed = 1
            result[++n] = text
            last = i
        }
        if (!placed) { result[++n] = mine; last = 0; changed = 1 }
        print (changed ? "write" : "same") unlabelled
        if (!changed) exit
        for (i = 1; i <= n; i++) {
            ORS = (i == n && open && last == NR) ? "" : "\n"
            print result[i]
        }
        ORS = ""
        print "."
    }
' $old) || fail "cannot read $home/.ssh/$file: its owner must have the right to"

newline='
'
todo=${plan%%"$newline"*}
unlabelled=
case $todo in *' unlabelled') unlabelled=' unlabelled' todo=${todo% unlabelled} ;; esac
case $todo in
changing) fail "$home/.ssh/$file changed while it was read: try again" ;;
late | same)
    printf '%s%s\n' "$todo" "$unlabelled"
    exit 0
    ;;
write) ;;
*) fail "awk did not do what was asked of it: which awk is this?" ;;
esac
content=${plan#*"$newline"}
content=${content%.}

# -- a new file beside the old one, on the disk before it takes its name --

on_disk() {
    sync "$1" 2>/dev/null && return
    # A sync that knows no files fails with every file; then all is synced. Else the disk is full or broken.
    ! sync / 2>/dev/null && sync
}

tmp=$(mktemp "$temporary.XXXXXX") || fail "cannot make a file in $home/.ssh: is the disk full?"
if [ $old = /dev/null ]; then
    mode=600
    [ "$rights" = user ] || mode=644 # sshd reads the file as the user
    group=
else
    # For what chmod cannot carry over: access control lists.
    cp -p $old "$tmp" || fail "cannot write in $home/.ssh: is the disk full?"
    [ -w "$tmp" ] || chmod u+w "$tmp"
fi
printf %s "$content" >"$tmp" || fail "cannot write in $home/.ssh: is the disk full?"
# shellcheck disable=SC2046 # two words
set -- $(stat -c '%a %g' "$tmp")
if [ -n "$group" ] && [ "$2" != "$group" ]; then
    chgrp "$group" "$tmp" || fail "$home/.ssh/$file belongs to a group (gid $group) that $user is not in: chgrp it"
    set -- '' ''
fi
[ "$1" = "$mode" ] || chmod "$mode" "$tmp"
if [ -d /sys/fs/selinux ] && command -v restorecon >/dev/null; then
    # The policy labels all files of the folder alike, so that the label is right before the name is.
    restorecon . "$tmp" || fail "cannot label $home/.ssh for SELinux: see restorecon -v"
fi
on_disk "$tmp" || fail "cannot bring the new $home/.ssh/$file to the disk: is it full?"

# By other rules than those that made it: all foreign lines in their order, this line once.
awk "$ours"'
    {
        if (is_ours($0)) {
            if (fresh && found "" == ENVIRON["generation"] "") {
                mine++
                if (plain "" != ENVIRON["line"] "") bad = 1
            }
        } else if (fresh) {
            if ($0 "" != foreign[++new] "") bad = 1
        } else {
            foreign[++known] = $0
        }
    }
    END { exit !(known + 0 == new + 0 && mine == 1 && !bad) }
' fresh=0 $old fresh=1 "$tmp" || fail "the new $home/.ssh/$file is not as it should be, and the old one was left"

mv -f -- "$tmp" $file || fail "cannot replace $home/.ssh/$file: may it be changed at all?"
tmp=
on_disk . || fail "cannot bring $home/.ssh to the disk"
if [ -h $file ] || [ ! -f $file ] || [ "$(cat $file && printf .)" != "$content." ]; then
    fail "$home/.ssh/$file is not what was written to it: who else writes it? Try again"
fi
printf '%s%s\n' changed "$unlabelled"
IN_HOME
)

# What runs as the user gets 20 s: with those, and the lock's, the agent's 60 s leave some for the other users. timeout is
# the leader of a group of its own and kills all of it; whoever leaves the group holds neither the lock nor this pipe.
in_time='"$@" </dev/null 2>&1 | head -c 2000'
limit=
! command -v timeout >/dev/null || limit='timeout -s KILL 20'

change() { # change USER; returns 3 for late
    entry=$(getent passwd "$1") || {
        complain "$1: no such user on this node: create it, or take it out of SshUsernames"
        return 1
    }
    home=${entry%:*}
    home=${home##*:}
    case $home in
    /*) ;;
    *)
        complain "$1: has no home: give it one"
        return 1
        ;;
    esac
    # root's rights only where root owns .ssh. This looks at names that the user can change meanwhile; what runs in the
    # home looks again, at the folder itself.
    rights=user as=$1 entry=${entry#*:*:}
    # shellcheck disable=SC3067 # see above
    if [ "$1" != root ] && [ ! -h "$home/.ssh" ] && [ -d "$home/.ssh" ] && [ -O "$home/.ssh" ]; then
        rights=root as=root entry=0:0:
    fi
    if command -v runuser >/dev/null; then
        set -- "$1" runuser -u "$as" --
    else
        uid=${entry%%:*} entry=${entry#*:}
        set -- "$1" setpriv --reuid="$uid" --regid="${entry%%:*}" --init-groups --inh-caps=-all --
    fi
    name=$1
    shift
    set -- "$@" sh -c "$in_home" ssh-rotation "$name" "$home" "$rights" "$action" "$public_key" "$generation" "$label" \
        "$keep" "$superseded" "$latest" "$node"

    # The user can make what runs with their rights print anything. Only its last line counts, only as one of these words,
    # and the rest is shown with a prefix: it must not pass for a host key. One of these words may be a lie, about the
    # user's own file, which the user could as well change back the next moment: testSecret's login tells.
    # shellcheck disable=SC2086 # the limit's words
    answer=$(exec $limit sh -c "$in_time" ssh-rotation "$@" 9>&-) || : # what was killed has given no such word
    case $action:${answer##*"$newline"} in
    add:changed) printf 'user %s added\n' "$name" ;;
    add:same) printf 'user %s present\n' "$name" ;;
    finish:changed | 'finish:changed unlabelled') printf 'user %s finished\n' "$name" ;;
    finish:same | 'finish:same unlabelled') printf 'user %s unchanged\n' "$name" ;;
    *:late)
        complain "$name: late: a newer rotation has finished here, nothing was changed"
        return 3
        ;;
    *)
        [ -n "$answer" ] || answer="was killed, perhaps because it took longer than 20 seconds: try again"
        while [ -n "$answer" ]; do
            complain "$name: ${answer%%"$newline"*}"
            case $answer in *"$newline"*) answer=${answer#*"$newline"} ;; *) answer= ;; esac
        done
        return 1
        ;;
    esac
    case $answer in *' unlabelled') printf 'unlabelled %s\n' "$name" ;; esac
}

# Every user, whatever becomes of the others: whom one of them ended the run for would keep the superseded key.
status=0
rest=$users,
while [ -n "$rest" ]; do
    user=${rest%%,*}
    rest=${rest#*,}
    if [ "$public_key" = none ]; then
        printf 'user %s none\n' "$user" # no rotation has happened yet
    else
        change "$user" || case $?:$status in 3:0) status=3 ;; 3:*) ;; *) status=1 ;; esac
    fi
done
exit "$status" # 3 if all that failed were late
