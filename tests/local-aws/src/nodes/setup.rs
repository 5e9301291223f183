//! The script that makes a node's own file system, run as the first process of its namespaces.

use std::fmt::Write;

use super::options::NodeOptions;

/// Users' ids begin here, as on every distribution.
const FIRST_USER: usize = 1000;

/// The script. It says `ready` and then stays: it is the node's init.
pub(crate) fn script(options: &NodeOptions, listen: std::net::SocketAddrV4) -> String {
    let hostname = listen.ip().to_string().replace('.', "-");
    let (passwd, group, shadow, homes) = accounts(&options.users);
    let config = sshd_config(options, listen).replace('\'', r"'\''");
    // A tmpfs holds it all: nothing is left behind, however the test ends.
    format!(
        r"set -eu
hostname ip-{hostname}
mount -t tmpfs -o mode=0755 node /run
own=/run/node
mkdir -p $own/etc $own/ssh $own/home $own/root $own/tmp $own/vartmp $own/log /run/sshd /run/lock
chmod 0700 $own/root; chmod 1777 $own/tmp $own/vartmp /run/lock
printf %s '{passwd}' > $own/etc/passwd
printf %s '{group}' > $own/etc/group
(umask 077; printf %s '{shadow}' > $own/etc/shadow)
printf %s '{config}' > $own/ssh/sshd_config
for file in passwd group shadow; do mount --bind $own/etc/$file /etc/$file; done
for kind in ed25519 ecdsa; do
    ssh-keygen -q -t $kind -N '' -C root@ip-{hostname} -f $own/ssh/ssh_host_${{kind}}_key & done
wait
mount --bind $own/ssh /etc/ssh
mount --bind $own/home /home
mount --bind $own/root /root
mount --bind $own/vartmp /var/tmp
mount --bind $own/log /var/log
mount --bind $own/tmp /tmp
{homes}
mount -o remount,bind,ro / || : # what is not the node's own is not for its scripts to change
cat /etc/ssh/*.pub
echo ready
exec </dev/null
while :; do sleep 86400 & wait; done
"
    )
}

/// `passwd`, `group`, `shadow`, and the commands that make the homes.
fn accounts(users: &[String]) -> (String, String, String, String) {
    let mut passwd = "root:x:0:0:root:/root:/bin/sh\n\
        sshd:x:74:65534::/run/sshd:/usr/sbin/nologin\n\
        nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
        .to_owned();
    let mut group = "root:x:0:\nnogroup:x:65534:\n".to_owned();
    let mut shadow = "root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n".to_owned();
    let mut homes = String::new();
    for (at, user) in users.iter().enumerate() {
        let id = FIRST_USER + at;
        // Writing to a String does not fail.
        let _ = writeln!(passwd, "{user}:x:{id}:{id}::/home/{user}:/bin/sh");
        let _ = writeln!(group, "{user}:x:{id}:");
        let _ = writeln!(shadow, "{user}:*:19000:0:99999:7:::");
        let _ = writeln!(homes, "install -d -m 0700 -o {id} -g {id} /home/{user}");
    }
    (passwd, group, shadow, homes)
}

fn sshd_config(options: &NodeOptions, listen: std::net::SocketAddrV4) -> String {
    let mut config = format!(
        "ListenAddress {listen}\n\
         HostKey /etc/ssh/ssh_host_ed25519_key\n\
         HostKey /etc/ssh/ssh_host_ecdsa_key\n\
         UsePAM no\n\
         PubkeyAuthentication yes\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         StrictModes yes\n\
         MaxStartups 1000:30:2000\n\
         PidFile /run/sshd.pid\n\
         PrintMotd no\n\
         UseDNS no\n\
         Subsystem sftp internal-sftp\n"
    );
    for line in &options.sshd {
        let _ = writeln!(config, "{line}");
    }
    config
}
