//! The model's words and the MIB's: the same, in two types each.

use lcms_lb_core::model::{self, Role};
use load_cluster_mib::{
    if_mib::if_,
    load_cluster_mib::{
        lc_director::LcDirectorState,
        lc_policy::{LcPolicyKind, LcPolicyWindow},
        lc_service::{
            LcServiceCheckKind, LcServicePanicUse, LcServiceProtocol, LcServiceSendProxy,
        },
    },
    tc,
};

use crate::sensors::inventory;

/// A word of the model that the MIB has too.
pub trait Word: Copy {
    /// The type the MIB gives it.
    type Mib: Copy;

    /// The word as the MIB has it.
    fn mib(self) -> Self::Mib;

    /// The word as the model has it, if it does.
    fn model(mib: Self::Mib) -> Option<Self>;
}

/// Pairs two enumerations; both sides are checked to be complete when compiled,
/// but for words that only the MIB has.
macro_rules! words {
    ($($model:path = $mib:path { $($word:ident)+ } $(but $($other:ident)+)?;)+) => {$(
        impl Word for $model {
            type Mib = $mib;

            fn mib(self) -> $mib {
                use $mib as Mib;
                match self { $(Self::$word => Mib::$word,)+ }
            }

            fn model(mib: $mib) -> Option<Self> {
                use $mib as Mib;
                match mib {
                    $(Mib::$word => Some(Self::$word),)+
                    $($(Mib::$other)|+ => None,)?
                }
            }
        }
    )+};
}

words! {
    model::Status = tc::LcStatus { Ok Warning Critical Unknown };
    model::OperState = tc::LcOperState {
        Unknown Up Down Draining Maintenance SlowStart Overloaded
    };
    inventory::OperState = if_::IfOperStatus {
        Up Down Testing Unknown Dormant NotPresent LowerLayerDown
    };
    model::AdminState = tc::LcAdminState { Enabled Drain Maintenance };
    model::WeightMode = tc::LcWeightMode { Static Dynamic };
    model::WeightSource = tc::LcWeightSource { Configured Dynamic AdminState Health };
    model::Forward = tc::LcForward { Proxy Nat Direct Tunnel };
    model::Scheduler = tc::LcScheduler {
        Rr Wrr Lc Wlc Sed Nq Sh Dh Mh Lblc Lblcr Fo Ovf P2c Ewma Freest
    };
    model::Source = tc::LcConfigSource { None Config Snmp Cli Web };
    model::StorageType = tc::StorageType { Volatile NonVolatile Permanent } but Other ReadOnly;
    model::Protocol = LcServiceProtocol { Tcp Udp };
    model::CheckKind = LcServiceCheckKind {
        None Tcp Udp Http Https Smtp Tls Dns Script
    };
    model::PanicUse = LcServicePanicUse { None All };
    model::SendProxy = LcServiceSendProxy { None V1 V2 };
    model::DirectorState = LcDirectorState { Initialize Backup Active Fault };
    model::PolicyKind = LcPolicyKind { Static Headroom };
    model::PolicyWindow = LcPolicyWindow { Instant OneMinute FiveMinutes FifteenMinutes };
}

/// ifAdminStatus of an interface.
pub fn admin_status(link: &inventory::Link) -> if_::IfAdminStatus {
    match link.admin_up {
        true => if_::IfAdminStatus::Up,
        false => if_::IfAdminStatus::Down,
    }
}

const ROLES: [(Role, tc::LcRoles); 6] = [
    (Role::Manager, tc::LcRoles::MANAGER),
    (Role::MidManager, tc::LcRoles::MID_MANAGER),
    (Role::Director, tc::LcRoles::DIRECTOR),
    (Role::BackupDirector, tc::LcRoles::BACKUP_DIRECTOR),
    (Role::RealServer, tc::LcRoles::REAL_SERVER),
    (Role::BackupServer, tc::LcRoles::BACKUP_SERVER),
];

impl Word for model::Roles {
    type Mib = tc::LcRoles;

    fn mib(self) -> tc::LcRoles {
        ROLES
            .iter()
            .filter(|(role, _)| self.contains(*role))
            .fold(tc::LcRoles::empty(), |all, (_, bit)| all.union(*bit))
    }

    fn model(mib: tc::LcRoles) -> Option<Self> {
        let roles = ROLES.iter().filter(|(_, bit)| mib.contains(*bit)).map(|(role, _)| *role);
        Some(roles.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_same_on_both_sides() {
        for word in model::Scheduler::ALL {
            assert_eq!(word.label(), word.mib().label());
        }
        for word in model::OperState::ALL {
            assert_eq!(word.label(), word.mib().label());
        }
        for word in model::CheckKind::ALL {
            assert_eq!(word.label(), word.mib().label());
        }
        for word in model::PolicyWindow::ALL {
            assert_eq!(word.label(), word.mib().label());
        }
    }

    #[test]
    fn roles_go_both_ways() {
        for bits in 0_u8..64 {
            let octets = [bits.reverse_bits()];
            let mib = tc::LcRoles::from_octets(&octets).unwrap();
            assert_eq!(model::Roles::model(mib).unwrap().mib(), mib);
        }
    }
}
