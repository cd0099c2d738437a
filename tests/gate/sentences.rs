//! Contract 2, sentence by sentence, in its order: each test fails without its sentence.

mod approval;
mod attestations;
mod deadlines;
mod discard;
mod ends;
mod events;
mod evidence;
mod reading;
mod reasons;
mod rounds;
mod taken_back;
mod whose;
