//! hrDeviceTable: processors and network interfaces.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::{
    host_resources_mib::hr_device::{self, HrDeviceStatus, View},
    host_resources_types as types,
};

use super::figures::{self, identity};
use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::inventory::{Link, OperState},
    state::{AgentState, Device},
};

/// `hrDeviceEntry`.
pub struct HrDevice;

static PROCESSOR: LazyLock<Oid> = LazyLock::new(|| identity(types::HR_DEVICE_PROCESSOR));
static NETWORK: LazyLock<Oid> = LazyLock::new(|| identity(types::HR_DEVICE_NETWORK));

struct Row<'s> {
    state: &'s AgentState,
    device: Device,
    index: i32,
}

impl<'s> Row<'s> {
    fn link(&self) -> Option<&'s Link> {
        match self.device {
            Device::Network(at) => self.state.sample.inventory.links.all.get(at),
            Device::Processor(_) => None,
        }
    }
}

fn index(state: &AgentState, device: Device) -> Option<i32> {
    let (index, _) = state.host.devices.iter().find(|(_, other)| **other == device)?;
    index.first().and_then(|arc| i32::try_from(*arc).ok())
}

impl Instrumentation<AgentState> for HrDevice {
    type Table = hr_device::HrDevice;
    type Key = Device;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<Device> {
        &state.host.devices
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s Device, arc: u32) -> Option<Value<'s>> {
        let row = Row { state: at.state, device: *key, index: index(at.state, *key)? };
        hr_device::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn index(&self) -> Option<i32> {
        Some(self.index)
    }

    fn type_(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(match self.device {
            Device::Processor(_) => &*PROCESSOR,
            Device::Network(_) => &*NETWORK,
        }))
    }

    fn descr(&self) -> Option<Octets<'s>> {
        let text = match self.device {
            Device::Processor(_) => self.state.sample.facts.cpu_type.as_deref().unwrap_or(""),
            Device::Network(_) => &self.link()?.interface.name,
        };
        Some(Octets::from(text.get(..text.floor_char_boundary(64))?))
    }

    fn id(&self) -> Option<Cow<'s, Oid>> {
        figures::nothing()
    }

    fn status(&self) -> Option<HrDeviceStatus> {
        Some(match self.device {
            Device::Processor(_) => HrDeviceStatus::Running,
            Device::Network(_) => match self.link()?.oper {
                OperState::Up => HrDeviceStatus::Running,
                OperState::Down | OperState::NotPresent | OperState::LowerLayerDown => {
                    HrDeviceStatus::Down
                }
                OperState::Testing => HrDeviceStatus::Testing,
                OperState::Unknown | OperState::Dormant => HrDeviceStatus::Unknown,
            },
        })
    }

    fn errors(&self) -> Option<u32> {
        let Device::Network(at) = self.device else { return Some(0) };
        let packets = self.state.sample.inventory.devices.get(at).copied().flatten()?.packets;
        Some(figures::counter32(packets.receive_errors.saturating_add(packets.send_errors)))
    }
}
