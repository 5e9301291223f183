//! Nodes: real OpenSSH servers that stand for EC2 instances with an SSM agent.
//!
//! Each is one `sshd` on an address of its own (127.a.b.c), in namespaces of its own: `/etc/passwd`, `/etc/group`,
//! `/etc/shadow`, `/etc/ssh`, `/home`, `/root`, `/run` and `/tmp` are the node's alone, its processes too, and all of it is
//! gone with the last handle or with the test process. What SSM's Run Command sends really runs there, as root.
//!
//! ```no_run
//! # async fn example() -> local_aws::Result<()> {
//! use local_aws::{Agent, LocalAws, NodeOptions};
//! use std::time::Duration;
//!
//! let account = LocalAws::shared().await?.account();
//! account.set_ssm_clock(30.0); // SSM's time-outs pass 30 times faster: TimeoutSeconds=30 ends after a second
//! let options = NodeOptions::new().user("ec2-user").tag("ssh-rotation", "main");
//! let node = account.start_node(options.clone()).await?; // an instance in EC2 too, with these tags and this address
//! let fifty = account.start_nodes(50, &options.agent(Agent::Online)).await?;
//! let (id, address, port) = (node.instance_id(), node.address(), node.port());
//! let ran = node.run("getent passwd ec2-user; exit 3").await?; // as the SSM agent runs a script: root, sh
//! assert_eq!((ran.exit_code, ran.stderr.as_str()), (Some(3), ""));
//! node.write("/home/ec2-user/.ssh/authorized_keys", "ssh-ed25519 AAAA... me\n").await?; // the folder's owner owns it
//! let keys = node.read("/home/ec2-user/.ssh/authorized_keys").await?;
//! let host_keys = node.host_keys(); // "ssh-ed25519 AAAA...", "ecdsa-sha2-nistp256 AAAA..."
//! node.set_agent(Agent::Offline); // SSM knows it, but it does not answer; Agent::Unknown: SSM does not know it
//! node.stop_sshd();
//! node.start_sshd().await?;
//! node.wait_for_associations(1, Duration::from_secs(5)).await?; // how the stack's AWS::SSM::Association ended here
//! account.apply_associations().await?; // as their schedule would
//! # drop((fifty, id, address, port, keys, host_keys));
//! # Ok(())
//! # }
//! ```
