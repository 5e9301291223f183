//! The function's configuration. The table of its variables is in the README.

use shared::env::{Reader, boolean, text, with_prefix};

/// What the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `NAT_POOL`: the pool, the value of the groups' tag `nat-failover:pool`.
    pub pool: String,
    /// `HEALTH_ALARM_PREFIX`: only alarms whose name begins so are health alarms.
    pub health_alarm_prefix: Option<String>,
    /// `VPC_ID`: read only this VPC's route tables; all of the region's otherwise.
    pub vpc: Option<String>,
    /// `FALLBACK_NAT_GATEWAY_ID`: where routes go when no peer is healthy and the group's tag names no other.
    pub fallback_nat_gateway: Option<String>,
    /// `FAILBACK`: whether routes come home by themselves.
    pub failback: Failback,
    /// `NOTIFICATION_TOPIC_ARN`: the SNS topic that is told of each change.
    pub notification_topic: Option<String>,
    /// `DRY_RUN`: log the plan, change nothing.
    pub dry_run: bool,
}

/// What happens when a group is healthy again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failback {
    /// Its home tables' routes come back to it.
    Auto,
    /// Its launch completes, the routes stay where they are.
    Manual,
}

impl Config {
    /// Reads the variables; `None` if one that must be there is not. Mistakes stay with `env`.
    pub fn read<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<Self> {
        let pool = env.required("NAT_POOL", "prod", text);
        let health_alarm_prefix = env.optional("HEALTH_ALARM_PREFIX", "nat-health-", text);
        let vpc = env.optional("VPC_ID", "vpc-0a1b2c3d", with_prefix("vpc-"));
        let fallback_nat_gateway = env.optional("FALLBACK_NAT_GATEWAY_ID", "nat-0a1b2c3d", with_prefix("nat-"));
        let failback = env.or("FAILBACK", Failback::Auto, "auto", |value| match value {
            "auto" => Ok(Failback::Auto),
            "manual" => Ok(Failback::Manual),
            _ => Err("is neither auto nor manual".to_owned()),
        });
        let notification_topic =
            env.optional("NOTIFICATION_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:nat", with_prefix("arn:"));
        let dry_run = env.or("DRY_RUN", false, "true", boolean);
        Some(Self {
            pool: pool?,
            health_alarm_prefix,
            vpc,
            fallback_nat_gateway,
            failback,
            notification_topic,
            dry_run,
        })
    }

    /// Whether an alarm of this name is a health alarm. Target tracking makes alarms of its own on the same groups;
    /// they scale and say nothing of health.
    #[must_use]
    pub fn is_health_alarm(&self, name: &str) -> bool {
        !name.starts_with("TargetTracking-")
            && self.health_alarm_prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> (Option<Config>, Vec<String>) {
        let mut env = Reader::new(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
        let config = Config::read(&mut env);
        (config, env.finish().err().map(|e| e.0).unwrap_or_default())
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let vars = [
            ("VPC_ID", "igw-1"),
            ("FALLBACK_NAT_GATEWAY_ID", "eni-1"),
            ("FAILBACK", "never"),
            ("NOTIFICATION_TOPIC_ARN", "nat"),
            ("DRY_RUN", "1"),
        ];
        let (config, mistakes) = read(&vars);
        assert_eq!(config, None);
        for name in ["NAT_POOL"].into_iter().chain(vars.map(|(name, _)| name)) {
            assert_eq!(mistakes.iter().filter(|m| m.starts_with(name)).count(), 1, "{name}: {mistakes:?}");
        }
    }

    #[test]
    fn the_pool_alone_is_enough_and_the_rest_has_defaults() {
        let (config, mistakes) = read(&[("NAT_POOL", "prod"), ("HEALTH_ALARM_PREFIX", "")]);
        let config = config.unwrap();
        assert_eq!(mistakes, Vec::<String>::new());
        assert_eq!((config.failback, config.dry_run, config.health_alarm_prefix), (Failback::Auto, false, None));
    }

    #[test]
    fn the_prefix_tells_health_alarms_and_target_trackings_are_never_health_alarms() {
        let without = read(&[("NAT_POOL", "p")]).0.unwrap();
        let with = read(&[("NAT_POOL", "p"), ("HEALTH_ALARM_PREFIX", "nat-")]).0.unwrap();
        for (name, by_prefix, by_any) in
            [("nat-a", true, true), ("cpu", false, true), ("TargetTracking-nat-a-AlarmHigh", false, false)]
        {
            assert_eq!(with.is_health_alarm(name), by_prefix, "{name}");
            assert_eq!(without.is_health_alarm(name), by_any, "{name}");
        }
    }
}
