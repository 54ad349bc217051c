//! Which processors the load and what is loaded run on.

use std::process::{self, Command, Stdio};
use std::thread;

/// While it lives, this program has the last processor to itself and another program the others: so a time tells how long
/// the other takes, and not which of both the kernel has let wait. On one processor it changes nothing.
pub(crate) struct Apart {
    other: u32,
    processors: usize,
}

impl Apart {
    /// From the program with this number.
    pub(crate) fn from(other: u32) -> Self {
        let processors = thread::available_parallelism().expect("the kernel tells").get();
        if processors > 1 {
            bind(process::id(), processors - 1, processors - 1);
            bind(other, 0, processors - 2);
        }
        Self { other, processors }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        for program in [process::id(), self.other] {
            bind(program, 0, self.processors - 1);
        }
    }
}

fn bind(program: u32, first: usize, last: usize) {
    let mut command = Command::new("taskset");
    command.args(["-a", "-c", "-p", &format!("{first}-{last}"), &program.to_string()]).stdout(Stdio::null());
    assert!(command.status().is_ok_and(|status| status.success()), "taskset (util-linux) binds to processors");
}
