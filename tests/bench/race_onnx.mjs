/* realnet beside ONNX Runtime on this machine: the forward pass of CORnet-S, evaluation mode, 16 images and 1 image.
 *
 *     node tests/bench/race_onnx.mjs MODULES MODELS [--threads 2] [--rounds 3]
 *
 * MODULES is the folder in which npm installed onnxruntime-node, MODELS what export_onnx.py wrote; race_onnx.sh makes
 * both. First both compute the logits of the same images with the same weights, which must agree with PyTorch's. Then
 * they take turns, each round in a process of its own: `realnet bench --json`, and this script with --worker. Each
 * process runs once to warm up and tells the median of three. Printed: medians over the rounds and the medians of
 * each round's ratio. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
const REALNET = join(ROOT, 'realnet');
const BATCHES = [16, 1], PIXELS = 3 * 224 * 224, REPETITIONS = 3, TOLERANCE = 1e-4;
const OPTIONS = {
    threads: { type: 'string', default: '2' }, rounds: { type: 'string', default: '3' }, worker: { type: 'boolean' },
};

const { values: options, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
if (positionals.length !== 2 || !(options.threads >= 1) || !(options.rounds >= 1))
    fail('usage: race_onnx.mjs MODULES MODELS [--threads N] [--rounds N]');
const [modules, models] = positionals.map(path => resolve(path));

function fail(what) {
    console.error(`race_onnx.mjs: ${what}`);
    process.exit(1);
}

function skip(why) {
    console.log(`skipped: ${why}`);
    process.exit(0);
}

function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b), half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/* Raw little-endian floats after `skipped` bytes. */
function readFloats(path, skipped = 0) {
    const bytes = readFileSync(path).subarray(skipped);
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function readNpy(path) {
    return readFloats(path, 10 + readFileSync(path).readUInt16LE(8));
}

function relativeDistance(got, want) {
    let difference = 0, size = 0;
    for (let i = 0; i < want.length; i++) {
        difference += (got[i] - want[i]) ** 2;
        size += want[i] ** 2;
    }
    return Math.sqrt(difference / size);
}

/* Both compute the network that PyTorch does, or there is no race. */
function requireLogits(who, got, want) {
    const distance = relativeDistance(got, want);
    if (!(distance < TOLERANCE)) fail(`${who}'s logits are not PyTorch's: relative distance ${distance}`);
}

function run(command, words) {
    const done = spawnSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    if (done.status !== 0) fail(`${command} ${words[0]} failed`);
    return done.stdout;
}

/* ---- ONNX Runtime's half, in a process of its own ---- */

async function forward(runtime, batch) {
    const session = await runtime.InferenceSession.create(join(models, `cornet_${batch}.onnx`), {
        executionProviders: ['cpu'], intraOpNumThreads: Number(options.threads), interOpNumThreads: 1,
    });
    const pixels = readFloats(join(models, 'input.f32')).subarray(0, batch * PIXELS);
    const images = new runtime.Tensor('float32', pixels, [batch, 3, 224, 224]);
    const { logits } = await session.run({ images });
    const want = readFloats(join(models, 'logits.f32')).subarray(0, logits.data.length);
    const seconds = [];
    for (let i = 0; i < REPETITIONS; i++) {
        const began = performance.now();
        await session.run({ images });
        seconds.push((performance.now() - began) / 1000);
    }
    await session.release();
    requireLogits('ONNX Runtime', logits.data, want);
    return median(seconds);
}

async function work() {
    const runtime = createRequire(join(modules, 'package.json'))('onnxruntime-node');
    const result = {};
    for (const batch of BATCHES) result[batch] = await forward(runtime, batch);
    console.log(JSON.stringify(result));
}

/* ---- the race ---- */

function onnxTimes() {
    const words = [fileURLToPath(import.meta.url), modules, models, '--worker', '--threads', options.threads];
    return JSON.parse(run(process.execPath, words));
}

function realnetTimes() {
    const words = ['bench', '--json', '--quiet', '--threads', options.threads, '--rounds', `${REPETITIONS}`];
    const said = JSON.parse(run(REALNET, words));
    return { 16: said.forward_16_seconds, 1: said.forward_1_seconds };
}

function checkRealnet() {
    const folder = join(models, 'features');
    run(REALNET, ['features', '--quiet', '-w', join(models, 'weights.safetensors'), '--layers', 'logits',
        '--images', join(models, 'images.npy'), '--threads', options.threads, '-o', folder]);
    requireLogits('realnet', readNpy(join(folder, 'logits.npy')), readFloats(join(models, 'logits.f32')));
}

function race() {
    const rounds = [];
    for (let i = 0; i < Number(options.rounds); i++) rounds.push({ realnet: realnetTimes(), onnx: onnxTimes() });
    console.log('images   realnet, s   ONNX Runtime, s   its time / realnet\'s   (lowest to highest)');
    for (const batch of BATCHES) {
        const ratios = rounds.map(r => r.onnx[batch] / r.realnet[batch]);
        console.log(`${batch}`.padStart(6), median(rounds.map(r => r.realnet[batch])).toFixed(4).padStart(13),
            median(rounds.map(r => r.onnx[batch])).toFixed(4).padStart(17), median(ratios).toFixed(3).padStart(21),
            `  (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`);
    }
}

const installed = join(modules, 'node_modules', 'onnxruntime-node', 'package.json');
if (!existsSync(installed)) skip(`onnxruntime-node is not in ${modules}`);
if (!existsSync(join(models, 'cornet_16.onnx'))) skip(`there are no exported models in ${models}`);
if (!existsSync(REALNET)) fail(`${REALNET} is not there (make)`);
if (options.worker) {
    await work();
} else {
    const load = loadavg()[0].toFixed(2);
    console.log(`machine: ${cpus()[0]?.model}, ${cpus().length} cores, load ${load}; ${options.threads} threads each`);
    console.log(`onnxruntime-node ${JSON.parse(readFileSync(installed, 'utf8')).version}, node ${process.version}`);
    checkRealnet();
    race();
}
