//! One stored reading as a line of a table or of CSV.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The fields of `cuffd.reading/1` that a listing shows. Numbers stay the text that they are.
#[derive(Debug, Deserialize)]
pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    received_at: &'a str,
    taken_at: Option<&'a str>,
    cuff_time: Option<&'a str>,
    #[serde(borrow)]
    cuff: Cuff<'a>,
    patient: &'a str,
    session: Option<&'a str>,
    #[serde(borrow)]
    systolic: Option<&'a RawValue>,
    #[serde(borrow)]
    diastolic: Option<&'a RawValue>,
    #[serde(borrow)]
    mean_arterial_pressure: Option<&'a RawValue>,
    #[serde(borrow)]
    pulse_rate: Option<&'a RawValue>,
    user_id: Option<u8>,
    #[serde(borrow)]
    status: Vec<&'a str>,
    counted: bool,
    #[serde(borrow)]
    reasons: Vec<Reason<'a>>,
    verified: bool,
    raw: &'a str,
}

#[derive(Debug, Deserialize)]
struct Cuff<'a> {
    id: &'a str,
}

#[derive(Debug, Deserialize)]
struct Reason<'a> {
    code: &'a str,
}

/// The first line of the table.
pub(super) const TABLE_HEAD: &str =
    "RECEIVED                  CUFF              PATIENT           MMHG       PULSE  COUNTED";

/// The first line of CSV.
pub(super) const CSV_HEAD: &str = "id,received_at,taken_at,cuff_time,cuff,patient,session,systolic,diastolic,\
mean_arterial_pressure,pulse_rate,user_id,status,counted,reasons,verified,raw";

fn number<'a>(value: Option<&'a RawValue>, absent: &'static str) -> &'a str {
    value.map_or(absent, RawValue::get)
}

impl Row<'_> {
    fn codes(&self) -> String {
        self.reasons
            .iter()
            .map(|reason| reason.code)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// A line for people.
    pub(super) fn table(&self) -> String {
        let pressures = format!("{}/{}", number(self.systolic, "-"), number(self.diastolic, "-"));
        let counted = if self.counted {
            "yes".to_owned()
        } else {
            format!("no: {}", self.codes())
        };
        let (cuff, patient, pulse) = (self.cuff.id, self.patient, number(self.pulse_rate, "-"));
        format!(
            "{:<24}  {cuff:<16}  {patient:<16}  {pressures:<9}  {pulse:<5}  {counted}",
            to_the_millisecond(self.received_at)
        )
    }

    /// A line for spreadsheets. No field can hold a comma or a quote: they are numbers, times, codes and names.
    pub(super) fn csv(&self) -> String {
        let user = self.user_id.map(|user| user.to_string()).unwrap_or_default();
        [
            self.id,
            self.received_at,
            self.taken_at.unwrap_or_default(),
            self.cuff_time.unwrap_or_default(),
            self.cuff.id,
            self.patient,
            self.session.unwrap_or_default(),
            number(self.systolic, ""),
            number(self.diastolic, ""),
            number(self.mean_arterial_pressure, ""),
            number(self.pulse_rate, ""),
            &user,
            &self.status.join(" "),
            if self.counted { "true" } else { "false" },
            &self.codes(),
            if self.verified { "true" } else { "false" },
            self.raw,
        ]
        .join(",")
    }
}

/// A time as the column has room for it.
fn to_the_millisecond(time: &str) -> String {
    match time.get(..23) {
        Some(short) if time.len() > 24 => format!("{short}Z"),
        Some(_) | None => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = r#"{"schema":"cuffd.reading/1","id":"5f0c","received_at":"2026-11-21T17:04:20Z",
        "taken_at":null,"cuff_time":"2026-11-21T18:04:12","cuff":{"id":"living-room"},"patient":"p1","session":null,
        "systolic":120.30,"diastolic":80,"mean_arterial_pressure":null,"pulse_rate":72,"user_id":1,
        "status":["irregular_pulse","body_movement"],"counted":false,"reasons":[{"code":"undated"},{"code":"no_session"}],
        "verified":false,"raw":"1e78"}"#;

    #[test]
    fn numbers_are_shown_as_they_stand_in_the_message() {
        let row: Row<'_> = serde_json::from_str(MESSAGE).expect("a reading");
        assert_eq!(
            row.csv(),
            "5f0c,2026-11-21T17:04:20Z,,2026-11-21T18:04:12,living-room,p1,,120.30,80,,72,1,irregular_pulse body_movement,false,undated no_session,false,1e78"
        );
        assert!(
            row.table().ends_with("120.30/80  72     no: undated no_session"),
            "{}",
            row.table()
        );
    }

    #[test]
    fn every_line_of_csv_has_as_many_fields_as_its_head() {
        let row: Row<'_> = serde_json::from_str(MESSAGE).expect("a reading");
        assert_eq!(row.csv().split(',').count(), CSV_HEAD.split(',').count());
    }
}
