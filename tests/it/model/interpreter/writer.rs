use super::input::Input;
use super::machine::Machine;

/// Runs the operations that `bytes` spell on a writer.
pub(crate) fn run_writer(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let ends = input.one_in(2);
    let mut machine = Machine::new(&mut input, |writer| writer);
    while !input.is_empty() {
        machine.step(&mut input);
    }
    if ends {
        machine.end();
    }
    machine.take_apart();
}
