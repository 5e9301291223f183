//! Lines that somebody else wrote.

use e2e::Result;
use e2e::ssh::{Ssh, authorized_keys};
use local_aws::RotationStep;
use report::{Check, Login};

use crate::ssh::look::USER;
use crate::stage::Stage;

/// A comment, options, the end of a line as Windows has it, an empty line, and blanks at a line's end.
const ABOVE: &str = "# the admins' keys; ask ops before you change them\n\
    from=\"10.0.0.0/8\",no-agent-forwarding ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti admin  \n\
    # written on Windows\r\n\n";
/// What another secret's rotations wrote, and no newline at the end.
const BELOW: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ \
    ssh-rotation:1716290000123:arn:aws:secretsmanager:eu-central-1:111122223333:secret:/dev/other-AbCdEf\n# the end";

pub(super) async fn play(stage: &mut Stage, ssh: &Ssh) -> Result<()> {
    let node = ssh.nodes.get(1).ok_or("no node-2")?;
    let file = authorized_keys(USER);
    let ours = node.read(&file).await?;
    node.write(&file, &format!("{ABOVE}{ours}{BELOW}")).await?;
    node.run(&format!("chmod 0640 {file}")).await?;
    let happened = "node-2's authorized_keys holds lines of other people, above and below ours: a comment, options, a line end \
                    of Windows, an empty line, a key of another secret, no newline at the end.";
    let mut scene = stage.scene(ssh, 1, "Lines that are not ours", happened).await?;
    let rotation = ssh.begin().await?;
    scene.run_all(ssh, &rotation, &RotationStep::ALL).await?;
    scene.look(ssh, "after").await?;
    let text = node.read(&file).await?;
    let ours: Vec<_> = ssh.lines(node, USER).await?.into_iter().filter(|line| line.contains(&ssh.secret)).collect();
    let new = scene.keys.last().map(|key| key.public.as_str()).unwrap_or_default();
    let mode = node.run(&format!("stat -c '%a %U %G' {file}")).await?.stdout;
    let foreign = ours.iter().fold(text, |text, line| text.replacen(&format!("{line}\n"), "", 1));
    let checks = vec![
        Check::new(
            "Every foreign line is there byte for byte, in its place; the last one got the newline that it lacked",
            foreign == format!("{ABOVE}{BELOW}\n"),
        ),
        Check::new(
            "Of ours there is one line: the new key's",
            matches!(ours.as_slice(), [one] if !new.is_empty() && one.starts_with(new)),
        ),
        Check::new("The file's mode and owner are what they were", mode.trim() == format!("640 {USER} {USER}")),
        Check::new(
            "The new key logs in everywhere, the old one nowhere",
            scene.at_last(1, Login::In) && scene.at_last(0, Login::Refused),
        ),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(())
}
