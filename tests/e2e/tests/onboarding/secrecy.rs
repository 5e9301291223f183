//! Who is onboarded is in the log, in the workflow's history, and in what is made; the functions' logs and errors call
//! accounts by their SIDs.

use e2e::Result;
use e2e::onboarding::User;
use e2e::onboarding::make::payload;
use local_aws::{Fault, Invocation};
use serde_json::Value;

use super::within;

fn person() -> User {
    User::new(1104, "zquitte").display_name("Zwetschge Quitte").upn("zwetschge.quitte@mirabelle.example.com")
}

/// Of each function, events of which some go well.
fn events() -> Result<(Vec<Value>, Vec<Value>)> {
    let good = person().event();
    let machine = User::new(1201, "quitte$").event();
    let of_trigger = vec![
        payload([&good])?,
        payload([&good, &person().copy(), &machine])?,
        payload([User::new(1105, "quitte").of("ZWETSCHGE").event()])?,
        payload([good.replace("TargetSid", "Sid")])?,
        payload([good.replace(&person().sid(), "quitte")])?,
        payload([good.replace("</EventData>", "")])?,
        payload([good.replace("zquitte", "&quitte;")])?,
        payload([good.replace("zquitte", &"quitte".repeat(1000))])?,
        payload([good.replace("<Event ", "<!DOCTYPE quitte><Event ")])?,
        payload(["quitte", "<quitte>"])?,
    ];
    let mut of_task = Vec::new();
    for service in ["WorkSpaces", "Connect", "Quitte"] {
        for (pointer, value) in [
            ("/input/SID", person().sid()),
            ("/input/SID", "quitte".to_owned()),
            ("/input/UPN", "quitte".repeat(1000)),
            ("/input/UPN", "zwetschge quitte@mirabelle.example.com".to_owned()),
            ("/input/DisplayName", "Zwetschge\u{7}Quitte".to_owned()),
        ] {
            let mut task = person().task(service);
            *task.pointer_mut(pointer).unwrap() = value.into();
            of_task.push(task);
        }
    }
    Ok((of_trigger, of_task))
}

fn tells_nothing(invocation: &Invocation) {
    let result = invocation.result.as_ref().map_or_else(ToString::to_string, ToString::to_string);
    for line in invocation.logs.iter().chain(&invocation.report).chain([&result]) {
        let lower = line.to_lowercase();
        for name in ["zwetschge", "quitte", "mirabelle"] {
            assert!(!lower.contains(name), "{line}");
        }
    }
}

#[test]
fn no_log_line_no_answer_and_no_error_holds_a_name() {
    within(&[("LogLevel", "DEBUG")], async |onboarding| {
        let quoting = |code: &str| {
            Fault::error(400, code, "user zquitte, Zwetschge QUITTE <zwetschge.quitte@mirabelle.example.com>: no")
        };
        let refusing = [
            vec![],
            vec![quoting("InvalidName").action("states:StartExecution")],
            vec![quoting("InvalidParameterException").action("connect:CreateUser")],
            vec![quoting("InvalidParameterValuesException").action("workspaces:CreateWorkspaces")],
        ];
        let (of_trigger, of_task) = events()?;
        for (round, faults) in refusing.into_iter().enumerate() {
            if round == 1 {
                onboarding.replicate(&[&person()]).await?; // before, WorkSpaces quotes a name that it does not find
            }
            onboarding.account.clear_faults();
            for fault in faults {
                onboarding.account.inject(fault);
            }
            for event in &of_trigger {
                tells_nothing(&onboarding.trigger.invoke(event).await?);
            }
            for event in &of_task {
                tells_nothing(&onboarding.provision.invoke(event).await?);
            }
        }
        onboarding.account.invocations().iter().for_each(tells_nothing);
        let lines = onboarding.account.invocations().iter().map(|invocation| invocation.logs.len()).sum::<usize>();
        assert!(lines > 100, "{lines} lines were looked through");
        Ok(())
    });
}
