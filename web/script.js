/* script.js: the playground page of realnet, in three parts: 1 the WebAssembly module and the files it sees, 2 the worker that
 * computes, 3 the page. The same file is loaded by the page and, as its worker, by itself. Nothing leaves the browser. */

/* ---- 1. The module ----------------------------------------------------------------------------------------------------- */

const PAGE_BYTES = 65536, MEGABYTE = 1 << 20;

/* A module of one function that uses a 128-bit vector: is it valid here? */
const SIMD_PROBE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

export function hasSimd() {
    return WebAssembly.validate(new Uint8Array(SIMD_PROBE));
}

/* WASI's words for what went wrong. */
const DONE = 0, BAD_HANDLE = 8, NO_SUCH_FILE = 44, NOT_SUPPORTED = 52;
const FOLDER = 3, REGULAR = 4, FIRST_FILE = 4;             /* file types; handle 3 is the folder "." */

/* The few system calls of the C library, over `files`: name -> { size, read(from, to) -> Uint8Array }. What the program
 * prints is collected in `said`. */
function systemCalls(files, memory, said) {
    const open = new Map();
    const view = () => new DataView(memory.buffer);
    const bytes = (at, count) => new Uint8Array(memory.buffer, at, count);
    const nameAt = (at, count) => new TextDecoder().decode(bytes(at, count).slice());

    function stat(at, type, size) {
        bytes(at, 64).fill(0);
        view().setUint8(at + 16, type);
        view().setBigUint64(at + 24, 1n, true);
        view().setBigUint64(at + 32, BigInt(size), true);
        return DONE;
    }

    function* pieces(list, count) {
        for (let i = 0; i < count; i++)
            yield bytes(view().getUint32(list + 8 * i, true), view().getUint32(list + 8 * i + 4, true));
    }

    return {
        fd_prestat_get(handle, at) {
            if (handle !== 3) return BAD_HANDLE;
            view().setUint32(at, 0, true);
            view().setUint32(at + 4, 1, true);
            return DONE;
        },
        fd_prestat_dir_name(handle, at) {
            bytes(at, 1)[0] = 46;
            return DONE;
        },
        fd_fdstat_get(handle, at) {
            if (handle >= FIRST_FILE && !open.has(handle)) return BAD_HANDLE;
            bytes(at, 24).fill(0);
            view().setUint8(at, handle < 3 ? 2 : handle === 3 ? FOLDER : REGULAR);
            view().setBigUint64(at + 8, 0xffffffffffffffffn, true);
            view().setBigUint64(at + 16, 0xffffffffffffffffn, true);
            return DONE;
        },
        path_filestat_get(folder, flags, path, length, at) {
            const file = files.get(nameAt(path, length));
            return file ? stat(at, REGULAR, file.size) : NO_SUCH_FILE;
        },
        path_open(folder, flags, path, length, openFlags, rights, inheriting, fdFlags, at) {
            const file = files.get(nameAt(path, length));
            if (!file) return NO_SUCH_FILE;
            let handle = FIRST_FILE;
            while (open.has(handle)) handle++;
            open.set(handle, { file, place: 0 });
            view().setUint32(at, handle, true);
            return DONE;
        },
        fd_read(handle, list, count, at) {
            const stream = open.get(handle);
            if (!stream) return BAD_HANDLE;
            let done = 0;
            for (const piece of pieces(list, count)) {
                const got = stream.file.read(stream.place, Math.min(stream.place + piece.length, stream.file.size));
                piece.set(got);
                stream.place += got.length;
                done += got.length;
                if (got.length < piece.length) break;
            }
            view().setUint32(at, done, true);
            return DONE;
        },
        fd_seek(handle, offset, whence, at) {
            const stream = open.get(handle);
            if (!stream) return handle < 3 ? 70 : BAD_HANDLE;       /* a pipe cannot be sought in */
            stream.place = Number(offset) + [0, stream.place, stream.file.size][whence];
            view().setBigUint64(at, BigInt(stream.place), true);
            return DONE;
        },
        fd_write(handle, list, count, at) {
            let done = 0;
            for (const piece of pieces(list, count)) {
                said.push(new TextDecoder().decode(piece.slice()));
                done += piece.length;
            }
            view().setUint32(at, done, true);
            return DONE;
        },
        fd_close(handle) {
            return open.delete(handle) ? DONE : BAD_HANDLE;
        },
        proc_exit(status) {
            throw new Error(`realnet ended with status ${status}: ${said.join('').trim()}`);
        },
    };
}

/* A running module with a memory of its own, which is as large as `bytes` and never grows. */
export class Instance {
    constructor(module, bytes, files = new Map()) {
        const pages = Math.ceil(bytes / PAGE_BYTES);
        this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
        this.said = [];
        const calls = systemCalls(files, this.memory, this.said);
        const missing = { get: (all, name) => all[name] ?? (() => NOT_SUPPORTED) };
        const { exports } = new WebAssembly.Instance(module, {
            env: { memory: this.memory },
            page: { failed: line => { throw new Error(this.text(line).replace(/^realnet: /, '')); } },
            wasi_snapshot_preview1: new Proxy(calls, missing),
        });
        this.c = exports;
        exports._initialize();
        const fault = exports.begin();
        if (fault) throw new Error(`this browser's arithmetic is not IEEE's: ${this.text(fault)}`);
    }

    text(at) {
        const bytes = new Uint8Array(this.memory.buffer, at);
        return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
    }

    /* `bytes` in the instance's memory; its address. */
    put(bytes) {
        const at = this.c.room(bytes.byteLength);
        new Uint8Array(this.memory.buffer, at, bytes.byteLength)
            .set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        return at;
    }

    name(text) {
        return this.put(new TextEncoder().encode(text + '\0'));
    }

    /* A copy of `count` numbers at an address. */
    floats(at, count) { return new Float32Array(this.memory.buffer, at, count).slice(); }
    doubles(at, count) { return new Float64Array(this.memory.buffer, at, count).slice(); }
    bytes(at, count) { return new Uint8Array(this.memory.buffer, at, count).slice(); }

    /* What a call printed, as JSON. */
    told(call) {
        this.said.length = 0;
        call();
        return JSON.parse(this.said.join(''));
    }
}

/* How many parameters a safetensors file holds, from its header; 0 if that cannot be read (the program then says why). */
function parametersOf(file) {
    try {
        const length = Number(new DataView(file.read(0, 8).slice().buffer).getBigUint64(0, true));
        const header = JSON.parse(new TextDecoder().decode(file.read(8, 8 + Math.min(length, 1e8))));
        return Object.entries(header).filter(([name]) => name !== '__metadata__')
            .reduce((sum, [, tensor]) => sum + tensor.shape.reduce((a, b) => a * b, 1), 0);
    } catch {
        return 0;
    }
}

/* Memory of a model: its parameters, the header's text, the workspace, and the activations of one image at 224, which take 60 MB
 * in a full CORnet-S. */
const MODEL_EXTRA = 48 * MEGABYTE, FULL_EXTRA = 144 * MEGABYTE;

export function openModel(module, name, file) {
    const parameters = parametersOf(file);
    const bytes = 4 * parameters + 2 * MEGABYTE + (parameters > 4e6 ? FULL_EXTRA : MODEL_EXTRA);
    const instance = new Instance(module, bytes, new Map([[name, file]]));
    const about = instance.told(() => instance.c.model_open(instance.name(name)));
    return { instance, ...about };
}

/* ---- 2. The worker ----------------------------------------------------------------------------------------------------- */

const AREAS = ['V1', 'V2', 'V4', 'IT'];
const areaOf = name => name.split('.')[0];

/* A dropped file as the module reads it: a piece at a time, so that large weights are never in memory twice. */
function fileOf(blob, onRead = () => {}) {
    const reader = new FileReaderSync(), ahead = 4 * MEGABYTE;
    let start = 0, piece = new Uint8Array(0);
    return {
        size: blob.size,
        read(from, to) {
            if (from < start || to > start + piece.length) {
                start = from;
                piece = new Uint8Array(reader.readAsArrayBuffer(blob.slice(from, Math.max(to, Math.min(from + ahead, blob.size)))));
                onRead(to / blob.size);
            }
            return piece.subarray(from - start, to - start);
        },
    };
}

function work() {
    let module, model = null, epoch = 0;
    let images = [];                                    /* { rgb, areas: Map(area -> Float32Array) } in the page's order */
    let brains = [];                                    /* { name, items, matrix } */

    const say = (what, about = {}, transfer = []) => postMessage({ what, ...about }, transfer);
    const progress = (text, share) => say('progress', { text, share });
    const breathe = () => new Promise(resume => setTimeout(resume));

    async function start(base) {
        const name = hasSimd() ? 'realnet-simd.wasm' : 'realnet.wasm';
        const answer = await fetch(new URL(name, base));
        if (!answer.ok) throw new Error(`${name}: the server answers ${answer.status} (build the page again: make web)`);
        module = await WebAssembly.compile(await answer.arrayBuffer());
        say('started', { simd: hasSimd() });
    }

    /* The task in instances of growing memory, until one has room. */
    function inRoom(megabytes, files, task) {
        for (const [i, size] of megabytes.entries())
            try {
                return task(new Instance(module, size * MEGABYTE, files));
            } catch (error) {
                if (!/bytes are not to be had/.test(error.message) || i + 1 === megabytes.length) throw error;
            }
    }

    function loadModel({ name, label, blob, classes }) {
        progress(`Reading ${label}`, 0);
        const opened = openModel(module, name, fileOf(blob, share => progress(`Reading ${label}`, share)));
        model = opened;
        model.last = new Map(model.values.map(value => [areaOf(value.name), value]));
        const { size, parameters, fingerprint, values } = model;
        say('model', { label, size, classes: model.classes, names: classes, parameters, fingerprint, values });
    }

    /* Pixels by the browser, for kinds that the program does not read. */
    async function decodeByBrowser(blob, size) {
        const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        context.drawImage(bitmap, 0, 0);
        const { width, height, data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const rgb = new Uint8Array(3 * width * height);
        for (let i = 0; i < width * height; i++)
            for (let c = 0; c < 3; c++) rgb[3 * i + c] = data[4 * i + c];
        const instance = new Instance(module, 16 * MEGABYTE + 3 * rgb.length);
        return [instance.bytes(instance.c.resize(instance.put(rgb), height, width, size), 3 * size * size)];
    }

    /* All images of a file at the model's size. The program's own decoders come first: their pixels are the program's. */
    async function decode(blob, name) {
        const size = model.size;
        try {
            return inRoom([48, 384, 1536], new Map([[name, fileOf(blob)]]), instance => {
                const count = instance.c.images_begin(instance.name(name), size), list = [];
                for (let i = 0; i < count; i++) list.push(instance.bytes(instance.c.images_at(i), 3 * size * size));
                return list;
            });
        } catch (error) {
            if (!/is no image of a kind|this build reads/.test(error.message)) throw error;
            try {
                return await decodeByBrowser(blob, size);
            } catch {
                throw new Error(`${name}: neither the program nor this browser reads this kind of image (convert it to PNG)`);
            }
        }
    }

    function lookAt(rgb) {
        const { instance, values } = model, { c } = instance;
        const at = instance.put(rgb);
        c.forward(at);
        c.dismiss(at);
        const whole = value => instance.floats(c.value(value.index), value.channels * value.rows * value.columns);
        const areas = new Map(AREAS.map(area => [area, whole(model.last.get(area))]));
        const steps = values.filter(value => AREAS.includes(areaOf(value.name)));
        const maps = steps.map(value => instance.floats(c.mean_map(value.index), value.rows * value.columns));
        const logits = whole(values.find(value => value.name === 'logits'));
        return { areas, maps, logits, probabilities: instance.floats(c.probabilities(), model.classes) };
    }

    async function addImages({ sources, mine }) {
        let done = 0;
        for (const { blob, name } of sources) {
            await breathe();
            if (mine !== epoch) return say('ready');
            progress(`Looking at ${name}`, done / sources.length);
            try {
                const list = await decode(blob, name);
                for (const [i, rgb] of list.entries()) {
                    if (list.length > 1 || sources.length > 1) await breathe();
                    if (mine !== epoch) return say('ready');
                    const began = performance.now(), { areas, maps, logits, probabilities } = lookAt(rgb);
                    const milliseconds = performance.now() - began;
                    images.push({ rgb, areas });
                    const called = list.length > 1 ? `${name}[${i}]` : name;
                    say('image', { name: called, rgb, maps, logits, probabilities, milliseconds });
                    progress(`Looking at ${called}`, (done + (i + 1) / list.length) / sources.length);
                }
            } catch (error) {
                say('problem', { text: error.message });
            }
            done++;
        }
        analyse();
        say('ready');
    }

    function matrixOf(area) {
        const M = images.length, D = images[0].areas.get(area).length;
        const instance = new Instance(module, 12 * M * D + 64 * M * M + 8 * MEGABYTE);
        const at = instance.c.room(4 * M * D);
        images.forEach((image, i) => new Float32Array(instance.memory.buffer, at + 4 * i * D, D).set(image.areas.get(area)));
        return instance.doubles(instance.c.rdm(at, M, D, instance.name(`area ${area}`)), M * M);
    }

    function rsaOf(matrix, area, brain, M) {
        const instance = new Instance(module, 96 * M * M + 8 * MEGABYTE);
        return instance.c.rsa(instance.put(matrix), instance.name(`area ${area}`), instance.put(brain.matrix),
            instance.name(brain.name), M);
    }

    /* One after another what can be had; what cannot is said beside it. */
    function attempt(task) {
        try {
            return { value: task() };
        } catch (error) {
            return { problem: error.message };
        }
    }

    function analyse() {
        const M = images.length;
        if (M < 2) return say('analysis', { count: M, areas: [], brains: [] });
        progress('Comparing images', 1);
        const areas = AREAS.map(area => ({ area, ...attempt(() => matrixOf(area)) }));
        const compared = brains.map(brain => ({
            name: brain.name, items: brain.items, matrix: brain.matrix,
            rsa: areas.map(({ area, value }) => !value || brain.items !== M || M < 3 ? {} : attempt(() => rsaOf(value, area, brain, M))),
        }));
        say('analysis', { count: M, areas, brains: compared });
    }

    function addBrains({ sources }) {
        for (const { blob, name, label } of sources)
            try {
                const brain = inRoom([16 + Math.ceil(24 * blob.size / MEGABYTE), 1024], new Map([[name, fileOf(blob)]]), instance => {
                    let at;
                    const { items, voxels } = instance.told(() => { at = instance.c.brain_open(instance.name(name)); });
                    return { name: label ?? name, items, voxels, matrix: instance.doubles(at, items * items) };
                });
                brains = [...brains.filter(other => other.name !== brain.name), brain];
            } catch (error) {
                say('problem', { text: error.message });
            }
        analyse();
        say('ready');
    }

    /* Every channel of every step of one image. */
    function channels({ index }) {
        const { instance, values } = model;
        lookAt(images[index].rgb);
        const steps = values.filter(value => AREAS.includes(areaOf(value.name)));
        say('channels', { index, steps: steps.map(v => instance.floats(instance.c.value(v.index), v.channels * v.rows * v.columns)) });
    }

    const jobs = {
        start: ({ base }) => start(base),
        model: loadModel,
        images: addImages,
        channels,
        brains: addBrains,
        forgetBrains() { brains = []; analyse(); },
    };

    /* One job after another; `forget` counts at once, so that a long one stops. */
    let queue = Promise.resolve();
    addEventListener('message', ({ data }) => {
        if (data.job === 'forget') {
            epoch++;
            images = [];
            analyse();
            return;
        }
        data.mine = epoch;
        queue = queue.then(() => jobs[data.job](data)).catch(error => {
            const none = error instanceof RangeError;   /* the memory of an instance is not to be had */
            say('problem', { text: none ? 'This browser gives the page too little memory for that (use the smaller model, or fewer images)' : error.message, fatal: data.job });
        });
    });
}

/* ---- 3. The page ------------------------------------------------------------------------------------------------------- */

const BUNDLED = [
    { value: 'realnet', label: 'ReAlnet of person 1 (tiny)', file: 'realnet-person1.safetensors' },
    { value: 'cornet', label: 'CORnet (tiny)', file: 'cornet-tiny.safetensors' },
];
const REGIONS = ['V1', 'V2', 'V4', 'LOC', 'IT'];
const TEST_IMAGES = 'images.npy';

/* A path through colours that gets evenly lighter, for every kind of colour vision: dark blue, green, yellow. */
const COLOURS = [[36, 14, 72], [46, 76, 125], [34, 128, 138], [76, 179, 108], [178, 213, 62], [252, 236, 110]];

function colour(share) {
    const place = Math.min(Math.max(share, 0), 1) * (COLOURS.length - 1), low = Math.min(Math.floor(place), COLOURS.length - 2);
    return COLOURS[low].map((c, i) => c + (COLOURS[low + 1][i] - c) * (place - low));
}

/* value(row, column) in [0,1], or null for empty, on a canvas of as many pixels. */
function paint(canvas, rows, columns, value) {
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext('2d'), picture = context.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
        const share = value(Math.floor(i / columns), i % columns);
        if (share !== null) picture.data.set([...colour(share), 255], 4 * i);
    }
    context.putImageData(picture, 0, 0);
}

function paintPixels(canvas, rgb, size) {
    canvas.width = canvas.height = size;
    const context = canvas.getContext('2d'), picture = context.createImageData(size, size);
    for (let i = 0; i < size * size; i++) picture.data.set([rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], 255], 4 * i);
    context.putImageData(picture, 0, 0);
}

function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
}

/* A float64 matrix as .npy. */
function npyOf(matrix, items) {
    const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${items}, ${items}), }`;
    const text = header.padEnd(128 - 10 - 1) + '\n', bytes = new Uint8Array(128 + 8 * matrix.length), view = new DataView(bytes.buffer);
    bytes.set([0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0]);
    bytes.set(new TextEncoder().encode(text), 10);
    matrix.forEach((x, i) => view.setFloat64(128 + 8 * i, x, true));
    return new Blob([bytes]);
}

function save(blob, name) {
    const link = element('a', { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function show() {
    const at = id => document.getElementById(id);
    const worker = new Worker(import.meta.url, { type: 'module' });
    const state = { model: null, names: null, ownNames: null, sources: [], images: [], chosen: -1, analysis: null, busy: 1, own: null };
    const send = (job, about = {}) => worker.postMessage({ job, ...about });

    at('idle').hidden = true;
    document.documentElement.dataset.state = 'starting';

    /* -- what is going on -- */

    function tell(text) {
        if (at('status').textContent !== text) at('status').textContent = text;
    }

    function busy(on) {
        state.busy = Math.max(0, state.busy + (on ? 1 : -1));
        document.documentElement.dataset.state = state.busy ? 'busy' : 'idle';
        at('progress').hidden = !state.busy;
        at('samples').disabled = !state.model && state.busy > 0;
    }

    function problem(text) {
        at('problem').textContent = text;
        at('problem').hidden = !text;
    }

    const percent = x => `${(100 * x).toFixed(x > 0.0995 ? 0 : 1)} %`;
    const className = k => state.names?.[k] ?? `class ${k}`;
    const bestClass = image => image.probabilities.reduce((best, p, k, all) => p > all[best] ? k : best, 0);

    function restingText() {
        const count = state.images.length;
        if (!count) return 'Ready. Choose or drop images, or look at the test images.';
        const sorted = state.images.map(image => image.milliseconds).sort((a, b) => a - b);
        const typical = sorted[sorted.length >> 1];
        return `${count} image${count > 1 ? 's' : ''}; ${typical < 10 ? typical.toFixed(1) : typical.toFixed(0)} ms an image in this browser.`;
    }

    /* -- images -- */

    function chooseImage(index, focus) {
        state.chosen = index;
        [...at('thumbs').children].forEach((thumb, i) => {
            thumb.setAttribute('aria-checked', i === index);
            thumb.tabIndex = i === index ? 0 : -1;
            if (i === index && focus) thumb.focus();
        });
        drawActivity();
    }

    function thumbLabel(image) {
        const best = bestClass(image);
        return `${image.name}: ${className(best)}, ${percent(image.probabilities[best])}`;
    }

    function addThumb(image) {
        const canvas = element('canvas'), caption = element('span', { textContent: className(bestClass(image)) });
        canvas.setAttribute('aria-hidden', 'true');
        const thumb = element('button', { type: 'button', className: 'thumb', title: thumbLabel(image), tabIndex: -1 }, canvas, caption);
        thumb.setAttribute('role', 'radio');
        thumb.setAttribute('aria-label', thumbLabel(image));
        thumb.setAttribute('aria-checked', 'false');
        const index = state.images.length - 1;
        thumb.addEventListener('click', () => chooseImage(index));
        paintPixels(canvas, image.rgb, state.model.size);
        at('thumbs').append(thumb);
    }

    at('thumbs').addEventListener('keydown', event => {
        const across = Math.max(1, getComputedStyle(at('thumbs')).gridTemplateColumns.split(' ').length);
        const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -1e9, End: 1e9 }[event.key];
        if (!move) return;
        event.preventDefault();
        chooseImage(Math.min(Math.max(state.chosen + move, 0), state.images.length - 1), true);
    });

    /* -- activity -- */

    const steps = () => state.model.values.filter(value => AREAS.includes(areaOf(value.name)));
    const showsChannels = () => document.querySelector('input[name=maps]:checked').value === 'channels';

    /* Channels side by side, a pixel between them; small maps enlarged, so that it stays thin. */
    function paintChannels(canvas, step, values, top) {
        const enlarged = Math.max(1, Math.round(12 / step.columns)), across = Math.ceil(Math.sqrt(step.channels));
        const wide = step.columns * enlarged + 1, high = step.rows * enlarged + 1, down = Math.ceil(step.channels / across);
        paint(canvas, down * high - 1, across * wide - 1, (row, column) => {
            const channel = Math.floor(row / high) * across + Math.floor(column / wide);
            const r = Math.floor(row % high / enlarged), c = Math.floor(column % wide / enlarged);
            if (r === step.rows || c === step.columns || channel >= step.channels) return null;
            return values[(channel * step.rows + r) * step.columns + c] / top;
        });
    }

    function drawArea(area, list, image) {
        const all = showsChannels() ? image.channels : image.maps;
        const top = Math.max(1e-30, ...list.map(({ place }) => all[place].reduce((a, b) => Math.max(a, b), 0)));
        const first = list[0].step, row = element('div', { className: 'steps' });
        for (const [i, { step, place }] of list.entries()) {
            const canvas = element('canvas'), mean = image.maps[place].reduce((a, b) => a + b, 0) / image.maps[place].length;
            const named = list.length > 1 ? `step ${i + 1} of ${list.length}` : 'one step';
            if (showsChannels()) paintChannels(canvas, step, all[place], top);
            else paint(canvas, step.rows, step.columns, (r, c) => all[place][r * step.columns + c] / top);
            canvas.setAttribute('role', 'img');
            canvas.setAttribute('aria-label', `${area}, ${named}: mean activity ${mean.toPrecision(3)}, largest shown ${all[place].reduce((a, b) => Math.max(a, b), 0).toPrecision(3)}`);
            row.append(element('figure', {}, canvas, element('figcaption', { textContent: `${named}, mean ${mean.toPrecision(3)}` })));
        }
        const size = element('span', { textContent: ` ${first.channels} channels of ${first.rows} × ${first.columns}` });
        return element('div', { className: 'area' }, element('h3', {}, area, size), row);
    }

    function drawActivity() {
        const image = state.images[state.chosen];
        at('activity').hidden = !image;
        if (!image) return;
        if (showsChannels() && !image.channels) {
            busy(true);
            send('channels', { index: state.chosen });
            return;
        }
        paintPixels(at('chosen'), image.rgb, state.model.size);
        at('chosen').setAttribute('aria-label', `${image.name}, ${state.model.size} by ${state.model.size} pixels`);
        const order = [...image.probabilities.keys()].sort((a, b) => image.probabilities[b] - image.probabilities[a]).slice(0, 5);
        at('chances').replaceChildren(...order.map(k => {
            const bar = element('i');
            bar.style.width = `${100 * image.probabilities[k]}%`;
            return element('li', {}, element('div', {}, element('span', { textContent: className(k) }), element('span', { textContent: percent(image.probabilities[k]) })), bar);
        }));
        const list = steps().map((step, place) => ({ step, place }));
        at('areas').classList.toggle('channels', showsChannels());
        at('areas').replaceChildren(...AREAS.map(area => drawArea(area, list.filter(({ step }) => areaOf(step.name) === area), image)));
    }

    document.querySelectorAll('input[name=maps]').forEach(input => input.addEventListener('change', drawActivity));

    /* -- dissimilarity -- */

    function tellPair(place, name, matrix, i, j) {
        const M = state.analysis.count;
        at(place).textContent = `${name}: ${state.images[i].name} and ${state.images[j].name}: ${matrix[i * M + j].toFixed(4)}`;
    }

    function matrixFigure({ area, value, problem: why }, place) {
        const M = state.analysis.count;
        if (!value) return element('figure', {}, element('b', { textContent: area }), element('p', { className: 'soft', textContent: why }));
        const pairs = [...value].filter((x, i) => i % M !== Math.floor(i / M)), least = pairs.reduce((a, b) => Math.min(a, b));
        const top = pairs.reduce((a, b) => Math.max(a, b)), mean = pairs.reduce((a, b) => a + b) / pairs.length;
        const canvas = element('canvas', { tabIndex: 0 });
        let cell = [0, 0];
        paint(canvas, M, M, (i, j) => i === j ? 0 : top > least ? (value[i * M + j] - least) / (top - least) : 1);
        canvas.setAttribute('role', 'img');
        canvas.setAttribute('aria-label', `${area}: dissimilarities of ${M} images, mean ${mean.toFixed(3)}, from ${least.toFixed(3)} to ${top.toFixed(3)}. Arrow keys go from cell to cell.`);
        canvas.addEventListener('pointermove', event => {
            const box = canvas.getBoundingClientRect(), index = (x, size) => Math.min(M - 1, Math.max(0, Math.floor(x / size * M)));
            cell = [index(event.clientY - box.top, box.height), index(event.clientX - box.left, box.width)];
            tellPair(place, area, value, ...cell);
        });
        canvas.addEventListener('keydown', event => {
            const move = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
            if (!move) return;
            event.preventDefault();
            cell = cell.map((at, i) => Math.min(M - 1, Math.max(0, at + move[i])));
            tellPair(place, area, value, ...cell);
        });
        const keep = element('button', { type: 'button', className: 'link', textContent: 'Save .npy' });
        keep.setAttribute('aria-label', `Save the matrix of ${area} as .npy`);
        keep.addEventListener('click', () => save(npyOf(value, M), `${area.replace(/[^\w.-]+/g, '_')}_rdm.npy`));
        const caption = element('figcaption', {}, element('span', {}, element('b', { textContent: area }), ` ${least.toFixed(2)} to ${top.toFixed(2)}`), keep);
        return element('figure', {}, canvas, caption);
    }

    function drawGeometry() {
        const { analysis } = state, enough = analysis?.count >= 2;
        at('geometry').hidden = at('brains').hidden = !enough;
        if (!enough) return;
        at('pair').textContent = at('brain-pair').textContent = '';
        at('matrices').replaceChildren(...analysis.areas.map(area => matrixFigure(area, 'pair')));
        at('no-brain').disabled = !analysis.brains.length;
        at('rsa').hidden = !analysis.brains.length;
        at('rsa').replaceChildren(...(analysis.brains.length ? [rsaTable(analysis)] : []));
        at('brain-matrices').replaceChildren(...analysis.brains.filter(({ items }) => items === analysis.count)
            .map(({ name, matrix }) => matrixFigure({ area: name, value: matrix }, 'brain-pair')));
    }

    function rsaTable({ areas, brains, count }) {
        const table = element('table', {}, element('caption', { className: 'soft', textContent: 'Spearman correlation, areas of the model by brains' }));
        table.append(element('thead', {}, element('tr', {}, element('td'), ...brains.map(brain => element('th', { scope: 'col', textContent: brain.name })))));
        const body = element('tbody');
        for (const [a, { area }] of areas.entries()) {
            const row = element('tr', {}, element('th', { scope: 'row', textContent: area }));
            for (const { rsa, items } of brains) {
                const { value, problem: why } = rsa[a], cell = element('td', { textContent: value === undefined ? '–' : value.toFixed(3) });
                if (value !== undefined) {
                    cell.title = String(value);
                    cell.style.background = `rgba(var(--shade), ${Math.min(0.55, Math.max(0, value)).toFixed(3)})`;
                    if (rsa.every(other => !(other.value > value))) cell.className = 'best';
                } else
                    cell.title = why ?? `this brain has ${items} images, here are ${count}`;
                row.append(cell);
            }
            body.append(row);
        }
        table.append(body);
        const other = brains.find(brain => brain.items !== count);
        const all = element('div', {}, table);
        if (other) all.append(element('p', { className: 'soft', textContent: `${other.name} was measured with ${other.items} images; here are ${count}. Load the same images in the same order.` }));
        return all;
    }

    /* -- what the visitor does -- */

    function addImages(files) {
        if (!files.length) return;
        problem('');
        const sources = files.map(blob => ({ blob, name: blob.name }));
        state.sources.push(...sources);
        busy(true);
        send('images', { sources });
    }

    function addBrains(files, labels = []) {
        if (!files.length) return;
        problem('');
        busy(true);
        send('brains', { sources: files.map((blob, i) => ({ blob, name: blob.name, label: labels[i] })) });
    }

    function clearImages() {
        send('forget');
        Object.assign(state, { images: [], chosen: -1, analysis: null });
        at('thumbs').replaceChildren();
        at('images').hidden = at('activity').hidden = true;
        drawGeometry();
    }

    function openWeights(blob, label, names) {
        problem('');
        busy(true);
        send('model', { name: blob.name ?? label, label, blob, classes: names });
    }

    /* rows and columns of a .npy's header: is it a set of images? */
    async function isImageSet(file) {
        const text = await file.slice(0, 512).text();
        return /'\|?u1'/.test(text) && /\(\d+, \d+, \d+, 3\)/.test(text);
    }

    async function readNames(file) {
        const names = (await file.text()).split(/\r?\n/).filter(line => line.trim());
        if (names.length !== state.model?.classes) return problem(`${file.name}: ${names.length} names, but the model has ${state.model?.classes} classes (wanted: a name a line)`);
        state.names = state.ownNames = names;
        [...at('thumbs').children].forEach((thumb, i) => {
            thumb.lastChild.textContent = className(bestClass(state.images[i]));
            thumb.title = thumbLabel(state.images[i]);
            thumb.setAttribute('aria-label', thumb.title);
        });
        drawActivity();
    }

    async function take(list) {
        const images = [], brains = [];
        for (const file of list) {
            if (/\.safetensors$/i.test(file.name)) openWeights(state.own = file, file.name, null);
            else if (/\.txt$/i.test(file.name)) await readNames(file);
            else if (/\.npy$/i.test(file.name) && !await isImageSet(file)) brains.push(file);
            else images.push(file);
        }
        images.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
        addImages(images);
        addBrains(brains);
    }

    async function bundled(name) {
        const answer = await fetch(new URL(name, document.baseURI));
        if (!answer.ok) throw new Error(`${name}: the server answers ${answer.status} (build the page again: make web)`);
        return new File([await answer.blob()], name);
    }

    async function attempt(task) {
        busy(true);
        try {
            await task();
        } catch (error) {
            problem(error.message);
        }
        busy(false);
    }

    const chooseBundled = value => attempt(async () => {
        const { file, label } = BUNDLED.find(model => model.value === value);
        tell(`Fetching ${label}`);
        const names = (await (await bundled('classes.txt')).text()).trim().split(/\r?\n/);
        openWeights(await bundled(file), label, names);
    });

    const showSamples = () => attempt(async () => {
        clearImages();
        state.sources = [];
        addImages([await bundled(TEST_IMAGES)]);
        await showPerson();
    });

    async function showPerson() {
        const files = await Promise.all(REGIONS.map(region => bundled(`person1-${region}.npy`)));
        addBrains(files, REGIONS.map(region => `person 1, ${region}`));
    }

    const listen = (id, event, act) => at(id).addEventListener(event, act);
    const chosenFiles = (input, act) => listen(input, 'change', () => {
        const files = [...at(input).files];
        at(input).value = '';
        act(files);
    });
    chosenFiles('files', take);
    chosenFiles('weights', take);
    chosenFiles('brain', files => addBrains(files));
    listen('samples', 'click', showSamples);
    listen('person', 'click', () => attempt(showPerson));
    listen('no-brain', 'click', () => send('forgetBrains'));
    listen('clear', 'click', () => {
        state.sources = [];
        clearImages();
        problem('');
        at('clear').disabled = true;
        tell(restingText());
    });
    listen('model', 'change', () => {
        const chosen = BUNDLED.find(model => model.value === at('model').value);
        if (chosen) chooseBundled(chosen.value);
        else openWeights(state.own, state.own.name, state.ownNames);
    });

    let inside = 0;
    const dragging = by => document.body.classList.toggle('dropping', (inside = Math.max(0, inside + by)) > 0);
    addEventListener('dragenter', event => { event.preventDefault(); dragging(1); });
    addEventListener('dragleave', () => dragging(-1));
    addEventListener('dragover', event => event.preventDefault());
    addEventListener('drop', event => {
        event.preventDefault();
        dragging(-inside);
        take([...event.dataTransfer.files]);
    });

    /* -- what the worker says -- */

    const heard = {
        started({ simd }) {
            state.simd = simd;
            chooseBundled(BUNDLED[0].value);
            busy(false);
        },
        progress({ text, share }) {
            tell(`${text}…`);
            at('progress').value = share;
        },
        model(about) {
            state.model = about;
            state.names = about.names;
            const millions = (about.parameters / 1e6).toFixed(about.parameters < 1e7 ? 2 : 1);
            at('about').textContent = `${millions} million values, images of ${about.size} × ${about.size}, ${about.classes} classes`;
            at('weights-told').textContent = `${about.label}: fingerprint of the weights ${about.fingerprint}. ${state.simd ? 'With' : 'Without'} vector instructions (the same bits).`;
            if (!BUNDLED.some(({ label }) => label === about.label)) keepOwn(about.label);
            clearImages();
            if (state.sources.length) {
                busy(true);
                send('images', { sources: state.sources });
            }
            busy(false);
            at('samples').disabled = false;
            tell(restingText());
        },
        image(image) {
            state.images.push(image);
            at('images').hidden = false;
            at('clear').disabled = false;
            addThumb(image);
            if (state.images.length === 1) chooseImage(0);
        },
        channels({ index, steps: all }) {
            busy(false);
            if (state.images[index]) state.images[index].channels = all;
            tell(restingText());
            drawActivity();
        },
        analysis(analysis) {
            state.analysis = analysis;
            drawGeometry();
        },
        ready() {
            busy(false);
            tell(restingText());
        },
        problem({ text, fatal }) {
            problem(text);
            if (!fatal) return;
            busy(false);
            tell(restingText());
        },
    };

    function keepOwn(label) {
        const option = [...at('model').options].find(({ value }) => value === 'own') ?? element('option', { value: 'own' });
        option.textContent = label;
        at('model').append(option);
        at('model').value = 'own';
    }

    worker.addEventListener('message', ({ data }) => heard[data.what](data));
    worker.addEventListener('error', event => problem(event.message ?? 'The page could not start its worker'));
    at('model').append(...BUNDLED.map(({ value, label }) => element('option', { value, textContent: label })));
    paint(at('scale'), 1, 128, (row, column) => column / 127);
    send('start', { base: document.baseURI });
    globalThis.playground = state;                      /* to look at from the console, and for tests/web */
}

if (typeof document !== 'undefined') show();
else if (typeof WorkerGlobalScope !== 'undefined') work();
