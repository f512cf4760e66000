/* train.c: the commands pretrain and train. A run is a folder:
 *   realnet.safetensors, encoder.safetensors, loss.csv, config.json: the results
 *   checkpoint: weights, Adam's state, the generator, the epoch's sums so far; from it a killed run goes on to the same bits */
#include "command.h"
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LOSSES = 5 };                                    /* loss, classification, generation, mse, contrast */
static const char *const contrast_name[] = { "pearson", "spearman", "released", "none" };
const training training_defaults = { .beta = 40.0, .lr = 2e-5, .checkpoint_minutes = 10.0, .epochs = 5, .batch = 16,
                                     .contrast = RN_CONTRAST_PEARSON };

/* ---- the state of a run: what the checkpoint holds, and what is made again from the inputs ---- */

typedef struct {
    image_set images;
    float    *targets;                                  /* (images, D) or NULL */
    int32_t  *labels;                                   /* (images) */
} data_set;

typedef struct {
    training     set;
    weights      w;
    float       *exp_avg, *exp_avg_sq, *gradients;      /* model.trainable floats each */
    rn_generator generator;
    data_set     train, test;
    int32_t     *order;                                 /* this epoch's permutation of the training images */
    double      *losses;                                /* (epochs, 2*LOSSES): the rows of loss.csv so far */
    double       sums[LOSSES], best_test;
    uint64_t     sampler_seed, steps;
    int          epoch, batch_done, best_saved;
    weights      teacher;                               /* --fidelity released: asked anew for every batch */
    rn_tape     *full, *last, *teacher_full, *teacher_last;
    double      *scratch;
    float       *x, *y, *dlogits, *dprediction;
    char        *inputs;                                /* hashes of the input files, as text */
} run;

static int outputs_of(const run *r) { return r->w.model.config.outputs; }
static int batches_of(const data_set *d, int batch) { return (d->images.count + batch - 1) / batch; }
static int batch_size(const data_set *d, int batch, int index)
{
    const int left = d->images.count - index * batch;
    return left < batch ? left : batch;
}

static char *in_run(const training *t, const char *name) { return join_path(t->run, name); }

/* ---- inputs ---- */

static int as_class(double x, const char *path, const char *unit, size_t at)
{
    if (!(x >= 0.0 && x <= 1 << 24 && floor(x) == x))
        fail(EXIT_WRONG_INPUT, path, "%s %zu is %.10g, no class (classes are whole numbers, counted from 0)", unit, at, x);
    return (int)x;
}

int *read_labels(const char *path, int *count)
{
    const char *ending = strrchr(path, '.');
    int *label;
    *count = 0;
    if (ending != NULL && strcmp(ending, ".npy") == 0) {
        array a = npy_read(path);
        label = allocate(a.count + 1, sizeof *label);
        for (size_t i = 0; i < a.count; i++)
            label[(*count)++] = as_class(array_at(&a, i), path, "entry", i);
        array_free(&a);
        return label;
    }
    size_t length;
    char *text = read_text(path, &length);
    label = allocate(length + 1, sizeof *label);
    int line = 0;
    for (char *at = text; *at; line++) {
        char *end;
        const size_t width = strcspn(at, "\n");
        const char *first = at + strspn(at, " \t\r");
        if (first < at + width) {
            const long n = strtol(first, &end, 10);
            end += strspn(end, " \t\r");
            if (end != at + width)
                fail(EXIT_WRONG_INPUT, path, "line %d is no whole number (give a class a line, counted from 0)", line + 1);
            label[(*count)++] = as_class((double)n, path, "line", (size_t)line + 1);
        }
        at += width + (at[width] == '\n');
    }
    release(text);
    return label;
}

static float *read_targets(const char *path, const image_set *images, int *outputs)
{
    array a = npy_read(path);
    if (a.rank < 2 || a.count == 0)
        fail(EXIT_WRONG_INPUT, path, "its shape is %s (wanted: [images, responses])", array_shape_text(&a));
    if (a.shape[0] != (size_t)images->count)
        fail(EXIT_WRONG_INPUT, path, "%zu rows of responses, but %s has %d images (give one row an image, in the same order)", a.shape[0],
             images->source, images->count);
    array_check_finite(&a, path, "responses");
    if (a.count / a.shape[0] > 1 << 24) fail(EXIT_WRONG_INPUT, path, "%zu responses an image (at most 16777216)", a.count / a.shape[0]);
    *outputs = (int)(a.count / a.shape[0]);
    float *targets = array_floats(&a);
    for (size_t i = 0; i < a.count; i++)
        if (!(targets[i] - targets[i] == 0.0f))
            fail(EXIT_WRONG_INPUT, path, "row %zu, column %zu is too large for float32 (rescale the responses)", i / (a.count / a.shape[0]),
                 i % (a.count / a.shape[0]));
    array_free(&a);
    return targets;
}

static void note_input(run *r, const char *role, const char *path)
{
    if (path == NULL) return;
    char *more = format_text("%s%s=%016" PRIx64 ";", r->inputs ? r->inputs : "", role, file_hash(path));
    release(r->inputs);
    r->inputs = more;
}

static void note_images(run *r, const char *role, const image_set *set)
{
    uint64_t hash = RN_HASH_START;
    for (int i = 0; set->pixels.data == NULL && i < set->count; i++) {
        const uint64_t one = file_hash(set->name[i]);
        const double halves[2] = { (double)(one >> 32), (double)(one & 0xffffffff) };
        hash = rn_hash_doubles(hash, halves, 2);
    }
    if (set->pixels.data != NULL) hash = rn_hash_bytes(hash, set->pixels.data, set->pixels.count);
    char *more = format_text("%s%s=%016" PRIx64 ";", r->inputs ? r->inputs : "", role, hash);
    release(r->inputs);
    r->inputs = more;
}

/* ---- labels: the arg-max of the untouched starting CORnet, evaluation mode ---- */

static int32_t arg_max(const float *x, int n)
{
    int32_t best = 0;
    for (int32_t k = 1; k < n; k++)
        if (x[k] > x[best]) best = k;
    return best;
}

static void take_labels(void *context, rn_tape *tape, int first, int count)
{
    int32_t *label = context;
    const rn_value *logits = rn_tape_value(tape, "logits");
    for (int i = 0; i < count; i++)
        label[first + i] = arg_max(logits->value + (size_t)i * (size_t)logits->C, logits->C);
}

static void ask_teacher(run *r, data_set *d, weights *start, const char *what)
{
    d->labels = allocate((size_t)d->images.count, sizeof *d->labels);
    evaluate_images(start, &d->images, r->set.batch < d->images.count ? r->set.batch : d->images.count, 0, what, take_labels, d->labels);
}

static void given_labels(run *r)
{
    int count;
    int *label = read_labels(r->set.labels, &count);
    if (count != r->train.images.count)
        fail(EXIT_WRONG_INPUT, r->set.labels, "%d labels, but %s has %d images (give one label an image, in the same order)", count,
             r->set.images, r->train.images.count);
    r->train.labels = allocate((size_t)count, sizeof *r->train.labels);
    for (int i = 0; i < count; i++) {
        if (label[i] < 0 || label[i] >= r->w.model.config.classes)
            fail(EXIT_WRONG_INPUT, r->set.labels, "label %d is %d, but the model has classes 0 to %d (use a model with more classes, or correct it)",
                 i, label[i], r->w.model.config.classes - 1);
        r->train.labels[i] = label[i];
    }
    release(label);
}

/* [C]'s EEG notebook leaves the teacher in training mode: its labels depend on the batch. One more pass, for them alone. */
static void teacher_in_training_mode(run *r, rn_tape *tape, int32_t *label)
{
    check_status(rn_tape_forward(tape, r->teacher.values, r->x, 1, the_workspace()), "teacher");
    take_labels(label, tape, 0, tape->batch);
}

/* ---- beginning ---- */

static weights starting_weights(const training *t)
{
    rn_config config;
    if (t->model == NULL) return weights_load(t->weights);
    if (rn_config_preset(&config, t->model) != RN_OK)
        fail(EXIT_WRONG_INPUT, "--model", "there is no model '%s' (cornet-s or cornet-tiny)", t->model);
    return weights_fresh(&config, t->seed, 0);
}

static void open_inputs(run *r)
{
    const training *t = &r->set;
    const char *start_name = t->model ? t->model : t->weights;
    weights start = starting_weights(t);
    rn_config config = start.model.config;
    int outputs = config.outputs;
    r->train.images = images_open(t->images);
    if (t->targets != NULL) {
        r->train.targets = read_targets(t->targets, &r->train.images, &outputs);
        config.outputs = outputs;
    } else
        config.outputs = 0;
    if (t->test_images != NULL) {
        r->test.images = images_open(t->test_images);
        r->test.targets = read_targets(t->test_targets, &r->test.images, &outputs);
        if (outputs != config.outputs)
            fail(EXIT_WRONG_INPUT, t->test_targets, "%d responses an image, but %s has %d (both need the same columns)", outputs, t->targets, config.outputs);
    }
    check_status(rn_model_describe(&r->w.model, &config), start_name);
    r->w.values = allocate(r->w.model.count, sizeof *r->w.values);
    rn_seed(&r->generator, t->seed);
    rn_init_head(&r->w.model, r->w.values, &r->generator);      /* always drawn, so that the stream goes on from the same place */
    weights_copy(&r->w, &start, start_name);
    note_input(r, "weights", t->weights);
    note_images(r, "images", &r->train.images);
    note_input(r, "targets", t->targets);
    note_input(r, "labels", t->labels);
    if (t->test_images != NULL) note_images(r, "test_images", &r->test.images);
    note_input(r, "test_targets", t->test_targets);
    if (t->labels != NULL) given_labels(r);
    else ask_teacher(r, &r->train, &start, "labels of the training images");
    if (t->test_images != NULL) ask_teacher(r, &r->test, &start, "labels of the test images");
    if (t->released && t->labels == NULL) r->teacher = start;
    else weights_free(&start);
}

static void prepare_memory(run *r)
{
    const training *t = &r->set;
    const int size = r->w.model.config.input_size, head = outputs_of(r) > 0, classes = r->w.model.config.classes;
    const size_t batch = (size_t)(t->batch < r->train.images.count ? t->batch : r->train.images.count);
    const size_t last = (size_t)batch_size(&r->train, t->batch, batches_of(&r->train, t->batch) - 1);
    const size_t D = outputs_of(r) > 0 ? (size_t)outputs_of(r) : 1;
    r->full = tape_new(&r->w.model, (int)batch, RN_TRAIN, head);
    r->last = last == batch ? r->full : tape_new(&r->w.model, (int)last, RN_TRAIN, head);
    if (r->teacher.values != NULL) {
        r->teacher_full = tape_new(&r->teacher.model, (int)batch, RN_BATCH_STATISTICS, 0);
        r->teacher_last = last == batch ? r->teacher_full : tape_new(&r->teacher.model, (int)last, RN_BATCH_STATISTICS, 0);
    }
    r->exp_avg = allocate(r->w.model.trainable, sizeof(float));
    r->exp_avg_sq = allocate(r->w.model.trainable, sizeof(float));
    r->gradients = allocate(r->w.model.trainable, sizeof(float));
    r->order = allocate((size_t)r->train.images.count, sizeof *r->order);
    r->losses = allocate((size_t)t->epochs * 2 * LOSSES, sizeof *r->losses);
    r->x = allocate(batch * 3 * (size_t)size * (size_t)size, sizeof(float));
    r->y = allocate(batch * D, sizeof(float));
    r->dlogits = allocate(batch * (size_t)classes, sizeof(float));
    r->dprediction = allocate(batch * D, sizeof(float));
    r->scratch = allocate(rn_contrast_size((int)batch, (int)D) + batch * D, sizeof(double));
}

/* ---- checkpoint ---- */

static stored_tensor stored(const char *name, const char *type, size_t count, size_t item, const void *data)
{
    stored_tensor s = { .name = format_text("%s", name), .rank = 1, .count = count, .bytes = count * item, .data = data };
    memcpy(s.type, type, strlen(type) + 1);
    s.shape[0] = count;
    return s;
}

enum { NOTES_MAX = 24 };
typedef struct { const char *text[2 * NOTES_MAX]; int count; } notes;

static void add_note(notes *n, const char *key, char *value)
{
    if (value == NULL) return;
    n->text[2 * n->count] = key;
    n->text[2 * n->count++ + 1] = value;
}

static char *copied(const char *text) { return text ? format_text("%s", text) : NULL; }

/* Every setting, as text: for the checkpoint, config.json, and the comparison on --resume. */
static notes settings_notes(const run *r)
{
    const training *t = &r->set;
    notes n = { { NULL }, 0 };
    add_note(&n, "version", copied(RN_VERSION));
    add_note(&n, "weights", copied(t->weights));
    add_note(&n, "model", copied(t->model));
    add_note(&n, "images", copied(t->images));
    add_note(&n, "labels", copied(t->labels));
    add_note(&n, "targets", copied(t->targets));
    add_note(&n, "test_images", copied(t->test_images));
    add_note(&n, "test_targets", copied(t->test_targets));
    add_note(&n, "beta", format_text("%.17g", t->beta));
    add_note(&n, "lr", format_text("%.17g", t->lr));
    add_note(&n, "epochs", format_text("%d", t->epochs));
    add_note(&n, "batch", format_text("%d", t->batch));
    add_note(&n, "seed", format_text("%" PRIu64, t->seed));
    add_note(&n, "contrast", copied(contrast_name[t->contrast]));
    add_note(&n, "fidelity", copied(t->released ? "released" : "paper"));
    add_note(&n, "checkpoint_minutes", format_text("%.17g", t->checkpoint_minutes));
    add_note(&n, "inputs", copied(r->inputs));
    return n;
}

static void free_notes(notes *n)
{
    for (int i = 0; i < n->count; i++)
        release((void *)(uintptr_t)n->text[2 * i + 1]);
}

static void save_checkpoint(run *r)
{
    notes n = settings_notes(r);
    add_note(&n, "epoch", format_text("%d", r->epoch));
    add_note(&n, "batch_done", format_text("%d", r->batch_done));
    add_note(&n, "steps", format_text("%" PRIu64, r->steps));
    add_note(&n, "sampler_seed", format_text("%" PRIu64, r->sampler_seed));
    add_note(&n, "best_saved", format_text("%d", r->best_saved));
    add_note(&n, "best_test", format_text("%.17g", r->best_test));
    int32_t words[625];
    for (int i = 0; i < 624; i++)
        memcpy(&words[i], &r->generator.word[i], sizeof words[i]);
    words[624] = r->generator.next;
    enum { COUNT = 6 };                                 /* told, for tcc cannot count these */
    const stored_tensor tensor[COUNT] = {
        stored("parameters", "F32", r->w.model.count, 4, r->w.values),
        stored("adam.exp_avg", "F32", r->w.model.trainable, 4, r->exp_avg),
        stored("adam.exp_avg_sq", "F32", r->w.model.trainable, 4, r->exp_avg_sq),
        stored("losses", "F64", (size_t)r->set.epochs * 2 * LOSSES, 8, r->losses),
        stored("sums", "F64", LOSSES, 8, r->sums),
        stored("generator", "I32", 625, 4, words),
    };
    char *path = in_run(&r->set, "checkpoint");
    safetensors_write(path, tensor, COUNT, n.text, n.count);
    for (int i = 0; i < COUNT; i++)
        release(tensor[i].name);
    free_notes(&n);
    release(path);
}

static const char *note_of(const tensor_file *f, const char *key)
{
    const char *text = tensor_note(f, key);
    if (text == NULL) fail(EXIT_WRONG_INPUT, f->path, "it has no note '%s' (it is not a checkpoint of this program; start the run again)", key);
    return text;
}

static void read_checkpoint_tensor(tensor_file *f, const char *name, size_t count, size_t item, void *out)
{
    const int i = tensor_find(f, name);
    if (i < 0 || f->tensor[i].count != count || f->tensor[i].bytes != count * item)
        fail(EXIT_WRONG_INPUT, f->path, "%s does not have the %zu values of this run (its settings and inputs must be as they were)", name, count);
    tensor_read_raw(f, i, out);
}

static void load_checkpoint(run *r)
{
    char *path = in_run(&r->set, "checkpoint");
    tensor_file f = safetensors_open(path);
    if (strcmp(note_of(&f, "inputs"), r->inputs) != 0)
        fail(EXIT_WRONG_INPUT, path, "the input files are not those the run began with (now %s, then %s; restore them or start a new run)",
             r->inputs, note_of(&f, "inputs"));
    read_checkpoint_tensor(&f, "parameters", r->w.model.count, 4, r->w.values);
    read_checkpoint_tensor(&f, "adam.exp_avg", r->w.model.trainable, 4, r->exp_avg);
    read_checkpoint_tensor(&f, "adam.exp_avg_sq", r->w.model.trainable, 4, r->exp_avg_sq);
    read_checkpoint_tensor(&f, "losses", (size_t)r->set.epochs * 2 * LOSSES, 8, r->losses);
    read_checkpoint_tensor(&f, "sums", LOSSES, 8, r->sums);
    int32_t words[625];
    read_checkpoint_tensor(&f, "generator", 625, 4, words);
    memcpy(r->generator.word, words, sizeof r->generator.word);
    r->generator.next = words[624];
    r->epoch = atoi(note_of(&f, "epoch"));
    r->batch_done = atoi(note_of(&f, "batch_done"));
    r->steps = strtoull(note_of(&f, "steps"), NULL, 10);
    r->sampler_seed = strtoull(note_of(&f, "sampler_seed"), NULL, 10);
    r->best_saved = atoi(note_of(&f, "best_saved"));
    r->best_test = strtod(note_of(&f, "best_test"), NULL);
    if (r->generator.next < 0 || r->generator.next > 624 || r->epoch < 0 || r->epoch > r->set.epochs || r->batch_done < 0 ||
        r->batch_done > batches_of(&r->train, r->set.batch))
        fail(EXIT_WRONG_INPUT, path, "its counters are out of range (the file is damaged; start the run again)");
    tensor_close(&f);
    release(path);
}

/* The settings a run began with, from its checkpoint. */
static training read_settings(const char *folder, const char *command)
{
    training t = training_defaults;
    char *path = join_path(folder, "checkpoint");
    if (!file_exists(path))
        fail(EXIT_WRONG_INPUT, path, "there is no checkpoint (nothing was saved yet; start the run again with 'realnet %s ... -o %s')", command, folder);
    tensor_file f = safetensors_open(path);
    t.run = folder;
    t.model = copied(tensor_note(&f, "model"));
    t.weights = t.model ? NULL : copied(note_of(&f, "weights"));
    t.images = copied(note_of(&f, "images"));
    t.labels = copied(tensor_note(&f, "labels"));
    t.targets = copied(tensor_note(&f, "targets"));
    t.test_images = copied(tensor_note(&f, "test_images"));
    t.test_targets = copied(tensor_note(&f, "test_targets"));
    t.beta = strtod(note_of(&f, "beta"), NULL);
    t.lr = strtod(note_of(&f, "lr"), NULL);
    t.epochs = atoi(note_of(&f, "epochs"));
    t.batch = atoi(note_of(&f, "batch"));
    t.seed = strtoull(note_of(&f, "seed"), NULL, 10);
    t.checkpoint_minutes = strtod(note_of(&f, "checkpoint_minutes"), NULL);
    t.released = strcmp(note_of(&f, "fidelity"), "released") == 0;
    for (int i = 0; i < 4; i++)
        if (strcmp(note_of(&f, "contrast"), contrast_name[i]) == 0) t.contrast = i;
    if (t.epochs < 1 || t.batch < 1) fail(EXIT_WRONG_INPUT, path, "its settings make no sense (the file is damaged; start the run again)");
    tensor_close(&f);
    release(path);
    return t;
}

/* ---- results ---- */

static void write_losses(const run *r, int rows)
{
    static const char *const column[LOSSES] = { "loss", "classification", "generation", "mse", "contrast" };
    const int sets = r->set.test_images != NULL ? 2 : 1;
    char *path = in_run(&r->set, "loss.csv");
    output *out = output_open(path);
    FILE *f = output_file(out);
    fprintf(f, "epoch");
    for (int s = 0; s < sets; s++)
        for (int c = 0; c < LOSSES; c++)
            fprintf(f, ",%s_%s", s ? "test" : "train", column[c]);
    fprintf(f, "\n");
    for (int e = 0; e < rows; e++) {
        fprintf(f, "%d", e + 1);
        for (int c = 0; c < sets * LOSSES; c++)
            fprintf(f, ",%.9g", r->losses[(size_t)e * 2 * LOSSES + (size_t)c]);
        fprintf(f, "\n");
    }
    output_close(out);
    release(path);
}

static void write_config(const run *r)
{
    static const char *const number[] = { "beta", "lr", "epochs", "batch", "seed", "checkpoint_minutes" };
    notes n = settings_notes(r);
    char *path = in_run(&r->set, "config.json");
    output *out = output_open(path);
    FILE *f = output_file(out);
    fprintf(f, "{");
    for (int i = 0; i < n.count; i++) {
        int plain = 0;
        for (size_t k = 0; k < sizeof number / sizeof *number; k++)
            plain |= strcmp(n.text[2 * i], number[k]) == 0;
        fprintf(f, "%s\n  ", i ? "," : "");
        json_string(f, n.text[2 * i]);
        fprintf(f, ": ");
        if (plain) fprintf(f, "%s", n.text[2 * i + 1]);
        else json_string(f, n.text[2 * i + 1]);
    }
    fprintf(f, "\n}\n");
    output_close(out);
    free_notes(&n);
    release(path);
}

static void write_weights(const run *r)
{
    char *cornet = in_run(&r->set, "realnet.safetensors"), *encoder = in_run(&r->set, "encoder.safetensors");
    const uint64_t updates = r->steps * (r->set.released ? 2 : 1);
    weights_save(cornet, &r->w, 0, updates);
    if (outputs_of(r) > 0) weights_save(encoder, &r->w, 1, updates);
    release(cornet);
    release(encoder);
}

/* ---- one step, one epoch ---- */

static void gather(run *r, data_set *d, const int32_t *index, int count, int32_t *label)
{
    const size_t D = (size_t)outputs_of(r);
    images_batch(&d->images, index, count, r->w.model.config.input_size, r->x);
    for (int i = 0; i < count; i++) {
        label[i] = d->labels[index[i]];
        if (d->targets != NULL) memcpy(r->y + (size_t)i * D, d->targets + (size_t)index[i] * D, D * sizeof(float));
    }
}

static rn_loss loss_of(run *r, rn_tape *tape, const int32_t *label, int with_gradient)
{
    rn_loss loss;
    const rn_value *logits = rn_tape_value(tape, "logits"), *prediction = rn_tape_value(tape, "prediction");
    const int status = rn_alignment_loss(&loss, with_gradient ? r->dlogits : NULL, with_gradient ? r->dprediction : NULL, logits->value, label,
                                         logits->C, prediction ? prediction->value : NULL, prediction ? r->y : NULL, tape->batch, outputs_of(r),
                                         r->set.beta, r->set.contrast, r->scratch);
    if (status != RN_OK || !(loss.loss - loss.loss == 0.0))
        fail(EXIT_FAILED, r->set.run, "the loss is no longer a finite number in epoch %d, step %d (use a smaller --lr)", r->epoch + 1, r->batch_done + 1);
    return loss;
}

static void add_loss(double sums[LOSSES], const rn_loss *l)
{
    const double value[LOSSES] = { l->loss, l->classification, l->generation, l->mse, l->contrast };
    for (int c = 0; c < LOSSES; c++)
        sums[c] += value[c];
}

static void train_step(run *r, int32_t *label)
{
    const int count = batch_size(&r->train, r->set.batch, r->batch_done);
    rn_tape *tape = count == r->full->batch ? r->full : r->last;
    gather(r, &r->train, r->order + r->batch_done * r->set.batch, count, label);
    if (r->teacher.values != NULL)
        teacher_in_training_mode(r, count == r->full->batch ? r->teacher_full : r->teacher_last, label);
    check_status(rn_tape_forward(tape, r->w.values, r->x, r->set.released ? 2 : 1, the_workspace()), "train");
    const rn_loss loss = loss_of(r, tape, label, 1);
    memset(r->gradients, 0, r->w.model.trainable * sizeof(float));
    check_status(rn_tape_backward(tape, r->w.values, r->gradients, r->x, r->dlogits, outputs_of(r) > 0 ? r->dprediction : NULL, NULL, the_workspace()), "train");
    r->steps++;
    rn_adam_step(r->w.values, r->exp_avg, r->exp_avg_sq, r->gradients, r->w.model.trainable, r->set.lr, r->steps, threads);
    add_loss(r->sums, &loss);
    r->batch_done++;
}

/* Test columns: evaluation mode, in order, the same batch size; means over batches. */
static void test_losses(run *r, double row[LOSSES])
{
    double sums[LOSSES] = { 0 };
    const int batches = batches_of(&r->test, r->set.batch);
    int32_t *index = allocate((size_t)r->set.batch, sizeof *index), *label = allocate((size_t)r->set.batch, sizeof *label);
    float *x = r->x, *y = r->y;
    const int size = r->w.model.config.input_size;
    r->x = allocate((size_t)r->set.batch * 3 * (size_t)size * (size_t)size, sizeof(float));
    r->y = allocate((size_t)r->set.batch * (size_t)outputs_of(r), sizeof(float));
    for (int b = 0; b < batches; b++) {
        const int count = batch_size(&r->test, r->set.batch, b);
        for (int i = 0; i < count; i++)
            index[i] = b * r->set.batch + i;
        gather(r, &r->test, index, count, label);
        if (r->teacher.values != NULL) {
            rn_tape *teacher = tape_new(&r->teacher.model, count, RN_BATCH_STATISTICS, 0);
            teacher_in_training_mode(r, teacher, label);
            tape_free(teacher);
        }
        rn_tape *tape = tape_new(&r->w.model, count, RN_EVALUATE, 1);
        check_status(rn_tape_forward(tape, r->w.values, r->x, 0, the_workspace()), "test");
        const rn_loss loss = loss_of(r, tape, label, 0);
        add_loss(sums, &loss);
        tape_free(tape);
    }
    for (int c = 0; c < LOSSES; c++)
        row[c] = sums[c] / batches;
    release(r->x);
    release(r->y);
    r->x = x;
    r->y = y;
    release(index);
    release(label);
}

/* What a PyTorch DataLoader draws when an epoch begins: a base seed that nothing uses, and the sampler's seed. */
static void begin_epoch(run *r)
{
    (void)rn_random64(&r->generator);
    r->sampler_seed = rn_random64(&r->generator);
    memset(r->sums, 0, sizeof r->sums);
}

static void shuffle(run *r)
{
    rn_generator sampler;
    rn_seed(&sampler, r->sampler_seed);
    rn_permutation(&sampler, r->order, r->train.images.count);
}

/* A last step may have been too large for the loss before it to show. */
static void check_weights_finite(const run *r)
{
    for (size_t i = 0; i < r->w.model.count; i++)
        if (!(r->w.values[i] - r->w.values[i] == 0.0f))
            fail(EXIT_FAILED, r->set.run, "a weight is no longer a finite number after epoch %d (use a smaller --lr)", r->epoch + 1);
}

static void end_epoch(run *r)
{
    check_weights_finite(r);
    double *row = r->losses + (size_t)r->epoch * 2 * LOSSES;
    for (int c = 0; c < LOSSES; c++)
        row[c] = r->sums[c] / batches_of(&r->train, r->set.batch);
    if (r->set.test_images != NULL) {
        (void)rn_random64(&r->generator);               /* the test loader's base seed */
        test_losses(r, row + LOSSES);
        /* [C] keeps the lowest test loss, but takes the first epoch's as the mark without saving it. */
        if (r->set.released && r->epoch > 0 && row[LOSSES] < r->best_test) {
            write_weights(r);
            r->best_saved = 1;
        }
        if (r->epoch == 0 || row[LOSSES] < r->best_test) r->best_test = row[LOSSES];
    }
    r->epoch++;
    r->batch_done = 0;
    write_losses(r, r->epoch);
}

/* ---- the run ---- */

static volatile sig_atomic_t stop_wanted;
static void want_stop(int signal_number)
{
    (void)signal_number;
    stop_wanted = 1;
}

static void stop_here(run *r, const char *command)
{
    save_checkpoint(r);
    fail(EXIT_FAILED, r->set.run, "stopped in epoch %d after %" PRIu64 " steps, all kept (go on with 'realnet %s --resume %s')", r->epoch + 1,
         r->steps, command, r->set.run);
}

static void run_epochs(run *r, const char *command)
{
    const int batches = batches_of(&r->train, r->set.batch);
    const size_t total = (size_t)r->set.epochs * (size_t)batches, already = (size_t)r->epoch * (size_t)batches + (size_t)r->batch_done;
    int32_t *label = allocate((size_t)r->set.batch, sizeof *label);
    double saved = seconds_now();
    progress_begin(command, total - already);
    while (r->epoch < r->set.epochs) {
        if (r->batch_done == 0) begin_epoch(r);
        shuffle(r);
        while (r->batch_done < batches) {
            train_step(r, label);
            char note[64];
            snprintf(note, sizeof note, "epoch %d/%d, loss %.5g", r->epoch + 1, r->set.epochs, r->sums[0] / r->batch_done);
            progress_at((size_t)r->epoch * (size_t)batches + (size_t)r->batch_done - already, note);
            if (stop_wanted) stop_here(r, command);
            if (seconds_now() - saved >= 60.0 * r->set.checkpoint_minutes && r->batch_done < batches) {
                save_checkpoint(r);
                saved = seconds_now();
            }
        }
        end_epoch(r);
        save_checkpoint(r);
        saved = seconds_now();
    }
    progress_end();
    release(label);
}

static void free_data(data_set *d)
{
    if (d->images.count > 0) images_close(&d->images);
    release(d->targets);
    release(d->labels);
}

static void free_run(run *r)
{
    void *const memory[] = { r->exp_avg, r->exp_avg_sq, r->gradients, r->order, r->losses, r->x, r->y, r->dlogits, r->dprediction,
                             r->scratch, r->inputs };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        release(memory[i]);
    if (r->last != r->full) tape_free(r->last);
    if (r->teacher_last != r->teacher_full) tape_free(r->teacher_last);
    tape_free(r->full);
    tape_free(r->teacher_full);
    weights_free(&r->teacher);
    weights_free(&r->w);
    free_data(&r->train);
    free_data(&r->test);
}

/* A run begins in a folder that holds none, so that no older result is lost. */
static void refuse_older_run(const training *t, const char *command)
{
    char *checkpoint = in_run(t, "checkpoint"), *results = in_run(t, "realnet.safetensors");
    if (file_exists(checkpoint))
        fail(EXIT_WRONG_INPUT, t->run, "it already holds a run (go on with 'realnet %s --resume %s', or choose another folder with -o)", command, t->run);
    if (file_exists(results))
        fail(EXIT_WRONG_INPUT, t->run, "it already holds the weights of a finished run (choose another folder with -o)");
    release(checkpoint);
    release(results);
}

/* What a killed process was writing: NAME.tmp.NUMBER. */
static void remove_temporaries(const char *folder)
{
    int count;
    char **name = folder_names(folder, &count);
    for (int i = 0; i < count; i++) {
        const char *mark = strstr(name[i], ".tmp.");
        char *path = join_path(folder, name[i]);
        if (mark != NULL && mark[5] != '\0' && mark[5 + strspn(mark + 5, "0123456789")] == '\0') remove(path);
        release(path);
    }
    release(name);
}

void train_run(const training *t, int resume)
{
    run *r = allocate(1, sizeof *r);
    const char *command = t->labels != NULL ? "pretrain" : "train";
    r->set = *t;
    r->best_test = 0.0;
    if (!resume) refuse_older_run(t, command);
    open_inputs(r);
    prepare_memory(r);
    make_folder(t->run);
    if (resume) {
        load_checkpoint(r);
        remove_temporaries(t->run);
    } else
        write_config(r);
    void (*const before_int)(int) = signal(SIGINT, want_stop), (*const before_term)(int) = signal(SIGTERM, want_stop);
    run_epochs(r, command);
    signal(SIGINT, before_int);
    signal(SIGTERM, before_term);
    if (!r->best_saved) {
        write_weights(r);
        if (t->released && t->test_images != NULL)
            warn(t->run, "no epoch after the first had a lower test loss; the released code would have saved nothing, here are the last weights");
    }
    free_run(r);
    release(r);
}

/* ---- the commands ---- */

/* A run goes on with the settings it began with. */
static training resumed_settings(const char *folder, const char *command)
{
    if (options_given > 1)
        fail(EXIT_WRONG_INPUT, command, "--resume goes on with the run's own settings (leave out the other options, or begin a new run)");
    return read_settings(folder, command);
}

/* What a finished run tells. */
static void print_run(const training *t)
{
    char *path = in_run(t, t->targets ? "encoder.safetensors" : "realnet.safetensors"), *csv = in_run(t, "loss.csv");
    size_t length;
    char *text = read_text(csv, &length);
    weights w = weights_load(path);
    if (json) {
        printf("{\"run\": ");
        json_string(stdout, t->run);
        printf(", \"fingerprint\": \"%016" PRIx64 "\"}\n", weights_fingerprint(&w));
    } else
        printf("%s%s: fingerprint of the weights %016" PRIx64 "\n", text, path, weights_fingerprint(&w));
    weights_free(&w);
    release(text);
    release(csv);
    release(path);
}

static int contrast_of(const char *name)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(name, contrast_name[i]) == 0) return i;
    const char *near = nearest_name(name, contrast_name, 4);
    fail(EXIT_WRONG_INPUT, "--contrast", "there is no contrast '%s' (%s%s)", name, near ? "did you mean " : "pearson, spearman, released or none", near ? near : "");
}

static int is_released(const char *name)
{
    if (strcmp(name, "paper") != 0 && strcmp(name, "released") != 0)
        fail(EXIT_WRONG_INPUT, "--fidelity", "'%s' is neither paper nor released (docs/method.md says how they differ)", name);
    return strcmp(name, "released") == 0;
}

static void check_ranges(const training *t)
{
    require_range("--epochs", t->epochs, 1, 1000000);
    require_range("--batch", t->batch, 1, 65536);
    require_range("--lr", t->lr, 0, 1e6);
    require_range("--beta", t->beta, 0, 1e12);
    require_range("--checkpoint-minutes", t->checkpoint_minutes, 0, 1e9);
}

int command_train(int argc, char **argv)
{
    training t = training_defaults;
    const char *resume = NULL, *contrast = NULL, *fidelity = "paper";
    const option options[] = {
        { 'w', "weights", OPTION_TEXT, &t.weights, "W", "the starting CORnet-S (.safetensors)" },
        { 'i', "images", OPTION_TEXT, &t.images, "LIST", "a list of paths, a folder, or a .npy of uint8 [images, height, width, 3]" },
        { 't', "targets", OPTION_TEXT, &t.targets, "T.npy", "the person's responses [images, responses]" },
        { 0, "test-images", OPTION_TEXT, &t.test_images, "LIST", "adds test columns to loss.csv" },
        { 0, "test-targets", OPTION_TEXT, &t.test_targets, "T.npy", "the responses to the test images" },
        { 0, "beta", OPTION_NUMBER, &t.beta, "B", "weight of the brain's part of the loss (default 40; 0: the control)" },
        { 'e', "epochs", OPTION_INTEGER, &t.epochs, "E", "passes through the images (default 5)" },
        { 'b', "batch", OPTION_INTEGER, &t.batch, "N", "images a step (default 16)" },
        { 0, "lr", OPTION_NUMBER, &t.lr, "R", "Adam's rate (default 0.00002)" },
        { 's', "seed", OPTION_SEED, &t.seed, "S", "of the head and of the order of the images (default 0)" },
        { 0, "contrast", OPTION_TEXT, &contrast, "C", "pearson (default), spearman, released, none" },
        { 0, "fidelity", OPTION_TEXT, &fidelity, "F", "paper (default), or released: as the authors' code behaves" },
        { 0, "checkpoint-minutes", OPTION_NUMBER, &t.checkpoint_minutes, "M", "save within an epoch this often (default 10)" },
        { 'o', "output", OPTION_TEXT, &t.run, "RUN", "folder of the results" },
        { 0, "resume", OPTION_TEXT, &resume, "RUN", "go on with a run that was stopped; needs no other option" },
    };
    parse_options("train -w W --images LIST --targets T.npy -o RUN [--beta B ...]  |  train --resume RUN",
                  "Fine-tune CORnet-S to classify and to predict a person's responses: loss = classification + beta x (mse + contrast).",
                  options, sizeof options / sizeof *options, argc, argv, 0, 0);
    if (resume != NULL)
        t = resumed_settings(resume, "train");
    else {
        require_option("train", "weights", t.weights);
        require_option("train", "images", t.images);
        require_option("train", "targets", t.targets);
        require_option("train", "output", t.run);
        if ((t.test_images == NULL) != (t.test_targets == NULL))
            fail(EXIT_WRONG_INPUT, "train", "--test-images and --test-targets belong together (give both)");
        t.released = is_released(fidelity);
        t.contrast = contrast_of(contrast ? contrast : t.released ? "released" : "pearson");
    }
    check_ranges(&t);
    train_run(&t, resume != NULL);
    print_run(&t);
    return EXIT_DONE;
}

int command_pretrain(int argc, char **argv)
{
    training t = training_defaults;
    const char *resume = NULL;
    t.epochs = 20;
    t.lr = 1e-3;
    t.batch = 32;
    t.beta = 0.0;
    t.contrast = RN_CONTRAST_NONE;
    const option options[] = {
        { 'm', "model", OPTION_TEXT, &t.model, "M", "begin with fresh weights of cornet-s or cornet-tiny (drawn with --seed)" },
        { 'w', "weights", OPTION_TEXT, &t.weights, "W", "or begin with these" },
        { 'i', "images", OPTION_TEXT, &t.images, "LIST", "a list of paths, a folder, or a .npy of uint8 [images, height, width, 3]" },
        { 'l', "labels", OPTION_TEXT, &t.labels, "F", "the class of each image, counted from 0: a text line each, or .npy" },
        { 'e', "epochs", OPTION_INTEGER, &t.epochs, "E", "passes through the images (default 20)" },
        { 'b', "batch", OPTION_INTEGER, &t.batch, "N", "images a step (default 32)" },
        { 0, "lr", OPTION_NUMBER, &t.lr, "R", "Adam's rate (default 0.001)" },
        { 's', "seed", OPTION_SEED, &t.seed, "S", "of fresh weights and of the order of the images (default 0)" },
        { 0, "checkpoint-minutes", OPTION_NUMBER, &t.checkpoint_minutes, "M", "save within an epoch this often (default 10)" },
        { 'o', "output", OPTION_TEXT, &t.run, "RUN", "folder of the results" },
        { 0, "resume", OPTION_TEXT, &resume, "RUN", "go on with a run that was stopped; needs no other option" },
    };
    parse_options("pretrain --model M --images LIST --labels F -o RUN", "Plain classification training.", options,
                  sizeof options / sizeof *options, argc, argv, 0, 0);
    if (resume != NULL)
        t = resumed_settings(resume, "pretrain");
    else {
        require_option("pretrain", "images", t.images);
        require_option("pretrain", "labels", t.labels);
        require_option("pretrain", "output", t.run);
        if ((t.weights == NULL) == (t.model == NULL))
            fail(EXIT_WRONG_INPUT, "pretrain", "it needs one start (--model cornet-s, --model cornet-tiny, or --weights W)");
    }
    check_ranges(&t);
    train_run(&t, resume != NULL);
    print_run(&t);
    return EXIT_DONE;
}
