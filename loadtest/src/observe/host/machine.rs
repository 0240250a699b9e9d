//! The machine's description in a result: processor, memory, system.

use std::fs;

use super::cores::Cores;
use crate::result::Machine;

/// Describes this machine, and the cores that each side was bound to, if any. Facts that the system
/// does not report are "unknown" or 0.
pub fn machine(server: Option<&Cores>, load: Option<&Cores>) -> Machine {
    let cpuinfo = read("/proc/cpuinfo");
    let processors = || cpuinfo.lines().filter(|line| line.starts_with("processor"));
    let cores = Cores::online().map_or_else(|| processors().count(), |online| online.count());
    let name = |file: &str| read(&format!("/proc/sys/kernel/{file}")).trim().to_owned();
    Machine {
        cpu_model: model(&cpuinfo),
        cores: cores as u32,
        memory_bytes: memory_bytes(&read("/proc/meminfo")),
        kernel: format!("{} {}", name("ostype"), name("osrelease")),
        server_cores: server.map(Cores::to_string),
        load_cores: load.map(Cores::to_string),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Returns the processor's name. /proc/cpuinfo of ARM has no name, only numbers.
fn model(cpuinfo: &str) -> String {
    let name = ["model name", "Model", "Hardware", "cpu model"]
        .iter()
        .find_map(|&key| value(cpuinfo, key));
    name.map_or_else(
        || format!("unknown {}", std::env::consts::ARCH),
        str::to_owned,
    )
}

fn memory_bytes(meminfo: &str) -> u64 {
    let total = value(meminfo, "MemTotal").and_then(|total| total.strip_suffix(" kB"));
    let kibibytes: Option<u64> = total.and_then(|total| total.parse().ok());
    kibibytes.map_or(0, |kibibytes| kibibytes << 10)
}

/// Returns the value of the first line with this key.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_has_a_processor_memory_and_a_kernel() {
        let cores = "0".parse().unwrap();
        let machine = machine(Some(&cores), None);
        assert!(machine.cores >= 1);
        assert!(machine.memory_bytes > 64 << 20);
        assert!(machine.kernel.starts_with("Linux "), "{}", machine.kernel);
        assert!(!machine.cpu_model.is_empty());
        assert_eq!(machine.server_cores.as_deref(), Some("0"));
        assert_eq!(machine.load_cores, None);
    }

    #[test]
    fn names_and_sizes_are_read_as_the_kernel_writes_them() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast CPU @ 3 GHz\nprocessor\t: 1\n";
        assert_eq!(model(cpuinfo), "Fast CPU @ 3 GHz");
        assert!(model("processor: 0\n").starts_with("unknown "));
        assert_eq!(
            memory_bytes("MemTotal:        8000 kB\nMemFree: 1 kB\n"),
            8_192_000
        );
        assert_eq!(memory_bytes(""), 0);
    }
}
