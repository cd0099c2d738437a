// What obniz makes of measurements (0x2A35), and how fast.
//
// Reads {"timed": HEX, "frames": {NAME: HEX}} and prints a line of JSON. Of obniz' blood-pressure monitors it takes the one that
// decodes every field. Values come through its documented way, getDataWait; only its decoding is timed.

const Obniz = require('obniz');
const { version } = require('obniz/package.json');

const ROUNDS = 7;
const TIMES = 200000;
const Part = Obniz.getPartsClass('HEM_9200T');

// A cuff that sends these octets as soon as somebody subscribes, and hangs up.
function cuff(octets) {
  const characteristic = (uuid) => ({
    registerNotifyWait: async (callback) => {
      if (uuid !== '2A35') return;
      await callback(octets);
      peripheral.ondisconnect();
    },
  });
  const peripheral = {
    connectWait: async () => {},
    getService: () => ({ getCharacteristic: characteristic }),
  };
  return peripheral;
}

async function answer(hex) {
  const [found] = await new Part(cuff([...Buffer.from(hex, 'hex')])).getDataWait();
  const { bloodPressure: pressures } = found;
  return {
    unit: pressures.unit,
    systolic: pressures.systolic,
    diastolic: pressures.diastolic,
    mean: pressures.meanArterialPressure,
    pulse: found.pulseRate,
    user: found.userId,
    status: found.measurementStatus,
  };
}

// In the best round; the first ones let the compiler work.
function aSecond(hex) {
  const part = new Part(cuff([]));
  const octets = [...Buffer.from(hex, 'hex')];
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let time = 0; time < TIMES; time++) part._analyzeData(octets);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e9);
  }
  return TIMES / best;
}

async function main() {
  const asked = JSON.parse(require('fs').readFileSync(0));
  const answers = {};
  for (const [frame, hex] of Object.entries(asked.frames)) answers[frame] = await answer(hex);
  const said = { peer: `obniz ${version}`, in: `Node.js ${process.versions.node}`, a_second: aSecond(asked.timed), answers };
  console.log(JSON.stringify(said));
}

main();
