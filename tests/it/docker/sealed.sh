#!/bin/sh
# Runs the lab's binary as its image does: alone with the libraries it names in a root that cannot be written to, as a user
# who is nobody here, with no capability, and one folder of its own.
# Usage: sealed.sh ROOT DATA BINARY LIBRARIES… -- ARGUMENTS…   (in a mount namespace of its own)
set -eu
root=$1 data=$2 binary=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 sealed "$root"
mkdir -p "$root/usr/bin" "$root/data" "$root/tmp" "$root/etc"
cp "$binary" "$root/usr/bin/doorbuster"
while [ "$1" != -- ]; do
    mkdir -p "$root$(dirname "$1")"
    cp -L "$1" "$root$1"
    shift
done
shift
mount --bind "$data" "$root/data"
mount -o remount,ro,bind "$root"
if [ "$(id -u)" = 0 ] && [ -z "${MAPPED:-}" ]; then
    exec setpriv --no-new-privs --bounding-set=-all,+setuid,+setgid,+sys_chroot \
        chroot --userspec=65532:65532 --groups= "$root" /usr/bin/doorbuster "$@"
fi
exec chroot "$root" /usr/bin/doorbuster "$@"
