// Checks Bundles against the rules of their profiles and of the contract, in FHIRPath, and that every rule refuses what is broken.
//
// Usage: rules.mjs CACHE FILE, of lines {"name", "bundle", "patient", "system", "gateway", "proofs", "test"}.
// Prints every complaint; exit 1 if there was one.

import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const [cache, file] = process.argv.slice(2);
const require = createRequire(`${cache}/`);
const fhirpath = require('fhirpath');
const r4 = require('fhirpath/fhir-context/r4');

const PHD = 'http://hl7.org/fhir/uv/phd/StructureDefinition';
const CARDX = 'http://hl7.org/fhir/uv/cardx-htn-mng/StructureDefinition';
const loinc = code => `code.coding.where(system = 'http://loinc.org' and code = '${code}').exists()`;
const mdc = code => `code.coding.where(system = 'urn:iso:std:iso:11073:10101' and code = '${code}').exists()`;

const observations = 'Bundle.entry.resource.ofType(Observation)';
const ON = {
  bundle: 'Bundle',
  anything: 'Bundle.entry.resource',
  device: 'Bundle.entry.resource.ofType(Device)',
  cuff: `Bundle.entry.resource.ofType(Device).where(type.coding.code = '65573')`,
  gateway: `Bundle.entry.resource.ofType(Device).where(type.coding.code = '531981')`,
  ofPatient: `${observations}.where((${mdc('67975')}).not())`,
  ofCuff: `${observations}.where(meta.profile.where($this.startsWith('${PHD}')).exists() and (${mdc('67975')}).not())`,
  pressure: `${observations}.where(${loinc('85354-9')})`,
  pulse: `${observations}.where(${loinc('8867-4')})`,
  status: `${observations}.where(${mdc('8410608')})`,
  stamp: `${observations}.where(${mdc('67975')})`,
  average: `${observations}.where(${loinc('96607-7')})`,
  provenance: 'Bundle.entry.resource.ofType(Provenance)',
};

const one = (bundle, test) => bundle.entry.map(entry => entry.resource).find(test);
const kind = (name, code) => bundle =>
  one(bundle, it => it.resourceType === name && (!code || JSON.stringify(it.code ?? it.type).includes(`"${code}"`)));
const [pressure, pulse, status, stamp, average] =
  ['85354-9', '8867-4', '8410608', '67975', '96607-7'].map(code => kind('Observation', code));
const [cuff, gateway, provenance] = [kind('Device', '65573'), kind('Device', '531981'), kind('Provenance')];
const anObservation = bundle => pressure(bundle) ?? average(bundle);
const [first] = [bundle => bundle.entry[0]];

const quantity = (unit) => `(unit.exists() and system = 'http://unitsofmeasure.org' and code = '${unit}' and value.exists())`;
const category = (system, code) => `category.coding.where(system = '${system}' and code = '${code}').count() = 1`;
const VITAL = category('http://terminology.hl7.org/CodeSystem/observation-category', 'vital-signs');
const byIdentifier = `(type = 'Patient' and reference.empty() and identifier.system = %system and identifier.value = %patient)`;

// Each rule: what it is said of, what must be true, and changes that must make it false.
const RULES = {
  'it is a transaction': ['bundle', `type = 'transaction'`, b => { b.type = 'batch'; }],
  'every entry is posted to its type': ['bundle',
    `entry.all(request.method = 'POST') and entry.where(resource is Observation).request.url.distinct() = 'Observation'
     and entry.where(resource is Device).request.url.distinct() = 'Device'
     and entry.where(resource is Provenance).request.url = 'Provenance'`,
    b => { first(b).request.method = 'PUT'; }, b => { first(b).request.url = 'Observation'; }],
  'full URLs are distinct UUIDs': ['bundle',
    `entry.fullUrl.count() = entry.count() and entry.fullUrl.isDistinct()
     and entry.fullUrl.all(matches('^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'))`,
    b => { b.entry[1].fullUrl = b.entry[0].fullUrl; }, b => { first(b).fullUrl = 'Device/1'; }],
  'references stay inside': ['bundle', `entry.resource.descendants().ofType(Reference).reference.all($this in %urls)`,
    b => { provenance(b).target[0].reference = 'Observation/1'; },
    b => { anObservation(b).device.reference = 'urn:uuid:9d1a2c3e-0000-8000-8000-000000000000'; }],
  'only what is new is created, but for a Provenance': ['bundle',
    `entry.where(resource is Provenance).request.ifNoneExist.empty()
     and entry.where((resource is Provenance).not()).all(
       request.ifNoneExist in resource.identifier.select('identifier=' + system + '|' + value))`,
    b => { delete first(b).request.ifNoneExist; }, b => { first(b).request.ifNoneExist += 'x'; }],
  'nothing tells an address or a System ID': ['bundle',
    `descendants().where($this is string or $this is uri or $this is code)
       .where(matches('SYSID|BTMAC|eui-48|1\\\\.2\\\\.840\\\\.10004|([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f-])')).empty()`,
    b => { gateway(b).identifier[0].value = 'C0:FF:EE:00:00:01'; },
    b => { gateway(b).identifier[0].system = 'http://hl7.org/fhir/sid/eui-48/bluetooth'; },
    b => { gateway(b).identifier[0].type = {coding: [{code: 'SYSID'}]}; }],
  'test data says so, and nothing else': ['anything',
    `(meta.security.where(system = 'http://terminology.hl7.org/CodeSystem/v3-ActReason' and code = 'HTEST').count() = 1) = %test`,
    b => { const meta = gateway(b).meta; if (meta.security) delete meta.security; else meta.security = [
      {system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST'}]; }],
  'a device is named by site, gateway and cuff': ['device',
    `identifier.count() = 1 and identifier.system = 'urn:cuffd:device' and identifier.value.startsWith(%gateway)`,
    b => { gateway(b).identifier.push({system: 'urn:x', value: '1'}); }, b => { gateway(b).identifier[0].value = 'gw'; }],
  'a cuff is a personal health device': ['cuff',
    `meta.profile = '${PHD}/PhdDevice' and manufacturer.exists() and modelNumber.exists() and version.value.exists()
     and specialization.where(version.exists()).systemType.coding.code = '528391' and identifier.value.matches('^[^/]+/[^/]+/[^/]+$')`,
    b => { delete cuff(b).manufacturer; delete cuff(b)._manufacturer; }, b => { delete cuff(b).specialization[0].version; }],
  'a gateway is a personal health gateway': ['gateway',
    `meta.profile = '${PHD}/PhgDevice' and specialization.systemType.coding.code = '528391' and identifier.value = %gateway`,
    b => { gateway(b).meta.profile = []; }],
  'the subject is the patient, by identifier': ['ofPatient', `subject.all${byIdentifier} and subject.count() = 1`,
    b => { anObservation(b).subject.identifier.system = 'urn:x'; }, b => { anObservation(b).subject.identifier.value = 'p2'; },
    b => { anObservation(b).subject.reference = 'Patient/p1'; }, b => { delete anObservation(b).subject; }],
  'the performer is the patient': ['ofPatient', `performer.all${byIdentifier} and performer.count() = 1`,
    b => { delete anObservation(b).performer; }],
  'it is final, and issued': ['ofPatient', `status = 'final' and issued.exists()`,
    b => { anObservation(b).status = 'preliminary'; }, b => { delete anObservation(b).issued; }],
  'it came through the gateway': ['ofCuff',
    `extension('http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice').value.reference.count() = 1
     and device.reference.exists() and ${category('http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories', 'phd')}
     and code.coding.where(system = 'urn:iso:std:iso:11073:10101').count() = 1`,
    b => { pressure(b).extension = pressure(b).extension.slice(1); },
    b => { pressure(b).category.pop(); }, b => { delete pressure(b).device; }],
  'it has a time, or says why not': ['ofCuff',
    `effective.exists() and (effective is Period implies (effective.start.empty() and effective.end.exists()))`,
    b => { const it = pressure(b); for (const name of Object.keys(it)) if (name.includes('effective')) delete it[name]; }],
  'the key is that of the guide': ['ofCuff',
    `identifier.where(system = '${PHD}/PhdBaseObservation').count() <= 1
     and identifier.where(system = '${PHD}/PhdBaseObservation').all(type.empty() and value.startsWith(%gateway + '/')
       and value.matches('-(150020|149546|8410608)-[0-9]+$') and value.contains('-' + %patient + '-' + %system + '-'))
     and identifier.where(system = 'urn:cuffd:observation').count() = 1`,
    b => { const it = pressure(b).identifier.find(it => it.system.startsWith('http')); it.value = it.value.replace(/-\d+$/, ''); },
    b => { pressure(b).identifier.pop(); }],
  'pressures are a vital sign': ['pressure',
    `${VITAL} and meta.profile contains 'http://hl7.org/fhir/StructureDefinition/bp'
     and meta.profile contains '${PHD}/PhdCompoundNumericObservation' and value.empty()`,
    b => { pressure(b).category.shift(); }, b => { pressure(b).meta.profile.pop(); pressure(b).meta.profile.pop(); }],
  'one systolic and one diastolic': ['pressure',
    `component.where(${loinc('8480-6')}).count() = 1 and component.where(${loinc('8462-4')}).count() = 1`,
    b => { pressure(b).component.shift(); }, b => { const it = pressure(b).component; it.push(it[1]); }],
  'each pressure has a value or says why not': ['pressure',
    `component.all(value.exists() xor dataAbsentReason.exists()) and component.where(dataAbsentReason.exists()).all(
       dataAbsentReason.coding.all(system = 'http://terminology.hl7.org/CodeSystem/data-absent-reason'
         and (code in ('not-a-number' | 'positive-infinity' | 'negative-infinity' | 'error'))))`,
    b => { const it = pressure(b).component[0]; delete it.valueQuantity; delete it.dataAbsentReason; },
    b => { const it = pressure(b).component[0]; it.dataAbsentReason ??= {coding: [{code: 'error'}]}; it.valueQuantity ??= {value: 1}; }],
  'pressures are in mm[Hg]': ['pressure', `component.value.all($this is Quantity and ${quantity('mm[Hg]')})`,
    b => { for (const it of pressure(b).component ?? []) if (it.valueQuantity) it.valueQuantity.code = 'mmHg'; },
    b => { for (const it of pressure(b).component ?? []) if (it.valueQuantity) delete it.valueQuantity.system; }],
  'each pressure has its MDC code': ['pressure',
    `component.all(code.coding.where(system = 'urn:iso:std:iso:11073:10101').count() = 1)
     and component.where(${loinc('8480-6')}).all(${mdc('150021')}) and component.where(${loinc('8462-4')}).all(${mdc('150022')})`,
    b => { pressure(b).component[0].code.coding.shift(); }],
  'self-measured is said of what has a time only': ['pressure',
    `(meta.profile contains '${CARDX}/self-measured-bp') = (effective is dateTime and effective.hasValue())`,
    b => { if (pressure(b).meta.profile.length > 2) pressure(b).meta.profile.pop(); },
    b => { if (pressure(b).meta.profile.length < 3) pressure(b).meta.profile.push(`${CARDX}/self-measured-bp`); }],
  'a heart rate is per minute': ['pulse',
    `${VITAL} and (value.exists() xor dataAbsentReason.exists()) and value.all($this is Quantity and ${quantity('/min')} and value > 0)
     and meta.profile contains 'http://hl7.org/fhir/StructureDefinition/heartrate' and ${mdc('149546')}`,
    b => { pulse(b).valueQuantity.code = '{beats}/min'; }, b => { pulse(b).valueQuantity.value = 0; },
    b => { { delete pulse(b).valueQuantity; delete pulse(b).dataAbsentReason; } }],
  'status is told bit by bit': ['status',
    `component.exists() and component.all(value is boolean and code.coding.system = 'http://terminology.hl7.org/CodeSystem/ASN1ToHL7'
       and code.coding.code.matches('^8410608[.][0-5]$')) and component.code.coding.code.isDistinct() and value.empty()
     and derivedFrom.reference.count() = 1 and meta.profile = '${PHD}/PhdBitsEnumerationObservation'`,
    b => { status(b).component[0].valueBoolean = undefined; }, b => { status(b).component = []; },
    b => { status(b).component[0].code.coding[0].code = '8410608.6'; }],
  'a time stamp is the cuff\'s, told by the gateway': ['stamp',
    `status = 'final' and value is dateTime and effective is dateTime and subject.reference = %cuffUrl and device.reference = %gatewayUrl
     and meta.profile = '${PHD}/PhdCoincidentTimeStampObservation' and derivedFrom.empty() and category.empty()`,
    b => { stamp(b).subject = stamp(b).device; }, b => { delete stamp(b).valueDateTime; }],
  'an average has its period and its readings': ['average',
    `${VITAL} and meta.profile = '${CARDX}/average-smbp' and value.empty() and effective is Period and effective.start.exists()
     and effective.end.exists() and effective.start <= effective.end
     and extension('${CARDX}/NumberOfMeasurementsExt').value = derivedFrom.count()
     and derivedFrom.all(type = 'Observation' and reference.empty() and identifier.system = 'urn:cuffd:observation'
       and identifier.value.endsWith('/blood-pressure'))`,
    b => { average(b).extension[0].valueInteger += 1; }, b => { delete average(b).effectivePeriod.end; },
    b => { average(b).derivedFrom[0] = {reference: 'Observation/1'}; }],
  'an average is two means in mm[Hg]': ['average',
    `component.count() = 2 and component.where(${loinc('96608-5')}).count() = 1 and component.where(${loinc('96609-3')}).count() = 1
     and component.value.count() = 2 and component.value.all($this is Quantity and ${quantity('mm[Hg]')})`,
    b => { average(b).component.pop(); }, b => { average(b).component[0].valueQuantity.unit = undefined; }],
  'one Provenance is of every Observation': ['bundle',
    `entry.resource.ofType(Provenance).count() = 1
     and entry.where(resource is Observation).fullUrl.all($this in %resource.entry.resource.ofType(Provenance).target.reference)
     and entry.resource.ofType(Provenance).target.count() = entry.where(resource is Observation).count()`,
    b => { provenance(b).target.pop(); }, b => { b.entry.pop(); }],
  'a Provenance names the messages, and holds their proofs': ['provenance',
    `recorded.exists() and agent.all(who.reference = %gatewayUrl)
     and entity.all(role = 'source' and what.identifier.system = 'urn:cuffd:message') and entity.what.identifier.value = %messages
     and ((signature.empty() and %proofs.empty()) or signature.data = %proofs)
     and signature.all(type.exists() and when.exists() and who.exists() and sigFormat = 'application/jose')`,
    b => { provenance(b).entity[0].what.identifier.value = 'x'; }, b => { if (provenance(b).signature) provenance(b).signature[0].data = 'eA=='; },
    b => { delete provenance(b).agent[0].who; }],
};

const urlOf = (bundle, find) => bundle.entry.find(entry => entry.resource === find(bundle))?.fullUrl ?? [];

// The places where a rule does not hold; nothing at all where it is said of nothing.
function broken([on, rule], sample, bundle) {
  const variables = {
    system: sample.system, patient: sample.patient, gateway: sample.gateway, test: sample.test, messages: sample.messages,
    proofs: sample.proofs.map(proof => Buffer.from(proof).toString('base64')),
    urls: bundle.entry.map(entry => entry.fullUrl), cuffUrl: urlOf(bundle, cuff), gatewayUrl: urlOf(bundle, gateway),
  };
  const subjects = fhirpath.evaluate(bundle, ON[on], variables, r4);
  // A rule that cannot be evaluated does not hold.
  const holds = subject => {
    try {
      const said = fhirpath.evaluate(subject, rule, {...variables, resource: bundle}, r4);
      return said.length === 1 && said[0] === true;
    } catch {
      return false;
    }
  };
  return {said: subjects.length, wrong: subjects.filter(subject => !holds(subject)).length};
}

const samples = readFileSync(file, 'utf8').trim().split('\n').map(line => JSON.parse(line));
const complaints = [];
for (const [name, rule] of Object.entries(RULES)) {
  let said = 0;
  const unnoticed = new Set(rule.slice(2).map((_, change) => change));
  for (const sample of samples) {
    const found = broken(rule, sample, sample.bundle);
    said += found.said;
    if (found.wrong) complaints.push(`${sample.name}: not so: ${name}`);
    for (const [number, change] of rule.slice(2).entries()) {
      const bundle = structuredClone(sample.bundle);
      try {
        change(bundle);
      } catch {
        continue; // This sample has nothing to change there; another one must.
      }
      const text = JSON.stringify(bundle);
      if (text === JSON.stringify(sample.bundle)) continue;
      if (broken(rule, sample, JSON.parse(text)).wrong) unnoticed.delete(number);
    }
  }
  if (!said) complaints.push(`no sample for: ${name}`);
  for (const number of unnoticed) complaints.push(`change ${number + 1} goes unnoticed: ${name}`);
}
console.log(complaints.join('\n') || `${samples.length} Bundles, ${Object.keys(RULES).length} rules`);
process.exit(complaints.length ? 1 : 0);
