use std::{cell::RefCell, rc::Rc};

trait Observer {
    fn notify(&self, subject: &Subject);
}

#[derive(Default)]
struct Subject {
    observers: RefCell<Vec<Rc<dyn Observer>>>,
}

struct Adder;

impl Observer for Adder {
    fn notify(&self, subject: &Subject) {
        subject.observers.borrow_mut().push(Rc::new(Adder));
    }
}

fn main() {
    let subject = Subject::default();
    subject.observers.borrow_mut().push(Rc::new(Adder));
    subject.observers.borrow().iter().for_each(|o| o.notify(&subject));
}
