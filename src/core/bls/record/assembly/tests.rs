use proptest::prelude::*;

use super::*;
use crate::core::bls::enhanced::EnhancedMeasurement;
use crate::core::bls::test_octets::octets;

const ONE_SEGMENT: &str = "030700342b 7e780050005d00ecdf943248000100009c999432 5624";

/// `parts` as the segments of record 7, counted from `first_counter`.
fn segments(parts: &[&[u8]], first_counter: u8, numbering: Numbering) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let (first, last) = (index == 0, index + 1 == parts.len());
        let counter = (usize::from(first_counter) + index) % 64;
        let counter = u8::try_from(counter).expect("below 64");
        let mut segment = vec![u8::from(first) | u8::from(last) << 1 | counter << 2];
        if first || numbering == Numbering::EverySegment {
            segment.extend([0x07, 0x00, 0x34, 0x2b]);
        }
        segment.extend(*part);
        sent.push(segment);
    }
    sent
}

fn with_crc(mut segments: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let crc = crc16(&segments.concat()).to_le_bytes();
    segments.last_mut().expect("a segment").extend(crc);
    segments
}

/// What the last of `segments` gives, all others having given nothing yet.
fn assembled(assembly: &mut Assembly, segments: &[Vec<u8>]) -> Result<Option<Record>, AssemblyError> {
    let (last, before) = segments.split_last().expect("a segment");
    for segment in before {
        assert_eq!(assembly.push(segment), Ok(None));
    }
    assembly.push(last)
}

#[test]
fn crc_is_the_one_named_mcrf4xx() {
    assert_eq!(crc16(b"123456789"), 0x6F91);
    assert_eq!(crc16(b""), 0xFFFF);
}

#[test]
fn one_segment_with_a_good_crc_is_a_record() {
    let mut assembly = Assembly::new(Numbering::EverySegment, Checksum::Crc);
    let record = assembly
        .push(&octets(ONE_SEGMENT))
        .expect("it fits")
        .expect("it is whole");
    assert_eq!((record.sequence, record.inner_uuid), (7, 0x2B34));
    let measurement = EnhancedMeasurement::decode(&record.value).expect("an enhanced measurement");
    assert_eq!(measurement.circumstances.trailing, 0);
}

#[test]
fn a_flipped_bit_anywhere_behind_the_header_is_noticed() {
    let good = octets(ONE_SEGMENT);
    for bit in 8..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let answer = Assembly::new(Numbering::EverySegment, Checksum::Crc).push(&bad);
        assert_eq!(answer, Err(AssemblyError::Crc), "bit {bit}");
    }
}

#[test]
fn a_record_without_room_for_its_crc_is_refused() {
    for (payload, answer) in [(&[][..], Err(AssemblyError::Crc)), (&[0], Err(AssemblyError::Crc))] {
        let sent = segments(&[payload], 0, Numbering::EverySegment);
        let mut assembly = Assembly::new(Numbering::EverySegment, Checksum::Crc);
        assert_eq!(assembled(&mut assembly, &sent), answer);
    }
}

#[test]
fn both_numberings_give_the_same_record() {
    let parts: [&[u8]; 3] = [&[1, 2, 3, 4, 5, 6], &[], &[7]];
    for numbering in [Numbering::EverySegment, Numbering::FirstSegment] {
        let sent = with_crc(segments(&parts, 62, numbering));
        let mut assembly = Assembly::new(numbering, Checksum::Crc);
        let record = assembled(&mut assembly, &sent).expect("it fits").expect("it is whole");
        assert_eq!(
            record.value,
            [1, 2, 3, 4, 5, 6, 7],
            "{numbering:?}, over the wrap from 63 to 0"
        );
    }
}

#[test]
fn the_crc_tells_which_numbering_was_meant() {
    let parts: [&[u8]; 2] = [&[1, 2, 3], &[4, 5, 6, 7, 8, 9]];
    let sent = with_crc(segments(&parts, 0, Numbering::FirstSegment));
    let mut wrong = Assembly::new(Numbering::EverySegment, Checksum::Crc);
    assert!(assembled(&mut wrong, &sent).is_err());
}

#[test]
fn a_lost_or_doubled_segment_ends_the_record() {
    let parts: [&[u8]; 3] = [&[1], &[2], &[3]];
    let sent = segments(&parts, 63, Numbering::EverySegment);
    for (order, expected, found) in [([0, 2], 0, 1), ([0, 0], 0, 63)] {
        let mut assembly = Assembly::new(Numbering::EverySegment, Checksum::None);
        assert_eq!(assembly.push(&sent[order[0]]), Ok(None));
        let mut second = sent[order[1]].clone();
        second[0] &= !1;
        assert_eq!(assembly.push(&second), Err(AssemblyError::Counter { expected, found }));
        assert_eq!(assembly.push(&sent[1]), Err(AssemblyError::NotBegun));
    }
}

#[test]
fn a_first_segment_begins_anew() {
    let sent = segments(&[&[1], &[2]], 0, Numbering::EverySegment);
    let mut assembly = Assembly::new(Numbering::EverySegment, Checksum::None);
    assert_eq!(assembly.push(&sent[0]), Ok(None));
    let record = assembled(&mut assembly, &sent).expect("it fits").expect("it is whole");
    assert_eq!(record.value, [1, 2]);
}

#[test]
fn a_segment_of_another_record_does_not_mix_in() {
    let mut sent = segments(&[&[1], &[2]], 0, Numbering::EverySegment);
    sent[1][1] = 8;
    let mut assembly = Assembly::new(Numbering::EverySegment, Checksum::None);
    assert_eq!(assembled(&mut assembly, &sent), Err(AssemblyError::OtherRecord));
}

#[test]
fn a_record_without_end_is_dropped() {
    let mut assembly = Assembly::new(Numbering::FirstSegment, Checksum::None);
    let mut counter = 0;
    let mut segment = vec![0; 256];
    segment[0] = 1;
    let error = loop {
        match assembly.push(&segment) {
            Ok(_) => {
                counter = (counter + 1) % 64;
                segment[0] = counter << 2;
            }
            Err(error) => break error,
        }
    };
    assert_eq!((error, usize::from(counter)), (AssemblyError::TooLong, LONGEST / 256));
}

proptest! {
    #[test]
    fn any_value_in_any_cut_comes_back(
        value in proptest::collection::vec(any::<u8>(), 0..80),
        part in 1_usize..20,
        first_counter in 0_u8..64,
    ) {
        let parts: Vec<&[u8]> = if value.is_empty() { vec![&[]] } else { value.chunks(part).collect() };
        for numbering in [Numbering::EverySegment, Numbering::FirstSegment] {
            for (checksum, sent) in [
                (Checksum::None, segments(&parts, first_counter, numbering)),
                (Checksum::Crc, with_crc(segments(&parts, first_counter, numbering))),
            ] {
                let record = assembled(&mut Assembly::new(numbering, checksum), &sent);
                prop_assert_eq!(record.map(|whole| whole.map(|record| record.value)), Ok(Some(value.clone())));
            }
        }
    }

    #[test]
    fn no_segments_panic(sent in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..40)) {
        for numbering in [Numbering::EverySegment, Numbering::FirstSegment] {
            for checksum in [Checksum::None, Checksum::Crc] {
                let mut assembly = Assembly::new(numbering, checksum);
                let whole = sent.iter().filter_map(|segment| assembly.push(segment).ok().flatten()).count();
                prop_assert!(whole <= sent.len());
            }
        }
    }
}
