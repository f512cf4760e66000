/* demo.c: the whole way once, on the bundled study: pretrain a tiny CORnet-S, teach it each person's responses, and ask on
 * held-out images whether it came closer to that person's brain than the starting model and than a control with beta = 0. */
#include "command.h"
#include "report.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 3, REGIONS = 5 };
static const char *const person_name[PEOPLE] = { "person1", "person2", "person3" };
static const char *const region_name[REGIONS] = { "V1", "V2", "V4", "LOC", "IT" };
static const char *const area_name[RN_AREAS] = { "V1", "V2", "V4", "IT" };
static const char *const model_name[MODEL_COUNT] = { "CORnet", "control", "ReAlnet" };

typedef struct {
    const char *data, *folder;
    image_set   test;
    double     *brain[PEOPLE][REGIONS];                 /* RDMs (images, images) */
    double      similarity[MODEL_COUNT][PEOPLE][REGIONS][RN_AREAS];
    double     *shown[MODEL_COUNT];                     /* IT of the first person's models, for the report */
    loss_table  realnet_loss[PEOPLE], control_loss[PEOPLE];
    uint64_t    fingerprint;
} demo;

/* ---- training ---- */

static char *path_of(const char *folder, const char *sub, const char *name)
{
    char *inner = join_path(folder, sub), *path = join_path(inner, name);
    release(inner);
    return path;
}

/* The demo begins anew each time. */
static void start_over(const training *t)
{
    static const char *const older[] = { "checkpoint", "realnet.safetensors" };
    for (size_t i = 0; i < sizeof older / sizeof *older; i++) {
        char *path = join_path(t->run, older[i]);
        remove(path);
        release(path);
    }
    train_run(t, 0);
}

static char *pretrain(const demo *d)
{
    training t = training_defaults;
    t.run = join_path(d->folder, "cornet");
    t.model = "cornet-tiny";
    t.images = join_path(d->data, "pretrain_images.npy");
    t.labels = join_path(d->data, "pretrain_labels.npy");
    t.beta = 0.0;
    t.contrast = RN_CONTRAST_NONE;
    t.lr = 2e-3;
    t.epochs = 40;
    t.batch = 32;
    t.seed = 1;
    printf("1. A tiny CORnet-S learns the 10 classes of %s: %d epochs\n", t.images, t.epochs);
    fflush(stdout);
    start_over(&t);
    return path_of(d->folder, "cornet", "realnet.safetensors");
}

enum { EPOCHS = 10 };
static const double beta = 40.0;

static char *align(const demo *d, const char *start, int person, double weight, const char *kind)
{
    training t = training_defaults;
    char *name = format_text("%s-%s", person_name[person], kind);
    t.run = join_path(d->folder, name);
    t.weights = start;
    t.images = join_path(d->data, "train.txt");
    t.targets = path_of(d->data, person_name[person], "responses_train.npy");
    t.beta = weight;
    t.lr = 1e-3;
    t.epochs = EPOCHS;
    t.seed = 1;
    start_over(&t);
    release(name);
    return join_path(t.run, "encoder.safetensors");
}

/* ---- comparing ---- */

typedef struct { double *rows[RN_AREAS]; int width[RN_AREAS]; } area_features;

static void take_areas(void *context, rn_tape *tape, int first, int count)
{
    area_features *f = context;
    for (int a = 0; a < RN_AREAS; a++) {
        const rn_value *v = rn_tape_value(tape, area_name[a]);
        const size_t width = (size_t)v->C * (size_t)v->H * (size_t)v->W;
        f->width[a] = (int)width;
        for (size_t i = 0; i < (size_t)count * width; i++)
            f->rows[a][(size_t)first * width + i] = (double)v->value[i];
    }
}

/* Spearman of each area's RDM with each region's, over the held-out images. */
static void compare(demo *d, const char *path, int model, int person)
{
    enum { WIDEST = 8 * 8 * 8 };                        /* V1 of cornet-tiny: no area has more units */
    const int M = d->test.count;
    area_features f;
    weights w = weights_load(path);
    for (int a = 0; a < RN_AREAS; a++)
        f.rows[a] = allocate((size_t)M * WIDEST, sizeof(double));
    evaluate_images(&w, &d->test, 16, 0, "compare", take_areas, &f);
    for (int a = 0; a < RN_AREAS; a++) {
        double *rdm = allocate((size_t)M * (size_t)M, sizeof *rdm);
        rdm_of(rdm, f.rows[a], M, f.width[a], RN_RDM_PEARSON, path);
        for (int region = 0; region < REGIONS; region++)
            d->similarity[model][person][region][a] = rsa_between(rdm, path, d->brain[person][region], region_name[region], M);
        if (person == 0 && a == RN_AREAS - 1) d->shown[model] = rdm;
        else release(rdm);
        release(f.rows[a]);
    }
    if (model == MODEL_REALNET) d->fingerprint = rn_hash_floats(d->fingerprint, w.values, w.model.count);
    weights_free(&w);
}

static void read_brains(demo *d)
{
    for (int p = 0; p < PEOPLE; p++)
        for (int r = 0; r < REGIONS; r++) {
            char *name = format_text("test_%s.npy", region_name[r]), *path = path_of(d->data, person_name[p], name);
            array a = npy_read(path);
            if (a.rank != 2 || a.shape[0] != (size_t)d->test.count)
                fail(EXIT_WRONG_INPUT, path, "its shape is %s, but there are %d test images (restore data/)", array_shape_text(&a), d->test.count);
            double *voxels = array_doubles(&a);
            d->brain[p][r] = allocate(a.shape[0] * a.shape[0], sizeof(double));
            rdm_of(d->brain[p][r], voxels, d->test.count, (int)a.shape[1], RN_RDM_PEARSON, path);
            release(voxels);
            array_free(&a);
            release(path);
            release(name);
        }
}

/* ---- telling ---- */

static double best_area(const demo *d, int model, int person, int region)
{
    const double *r = d->similarity[model][person][region];
    double best = r[0];
    for (int a = 1; a < RN_AREAS; a++)
        if (r[a] > best) best = r[a];
    return best;
}

static void print_table(const demo *d)
{
    int above_cornet = 0, above_control = 0;
    printf("\nSimilarity to the brain on %d held-out images (Spearman of RDMs, best area, mean of %d people)\n\n", d->test.count, PEOPLE);
    printf("region  %8s %8s %8s\n", model_name[0], model_name[1], model_name[2]);
    for (int r = 0; r < REGIONS; r++) {
        double mean[MODEL_COUNT] = { 0 };
        for (int m = 0; m < MODEL_COUNT; m++)
            for (int p = 0; p < PEOPLE; p++)
                mean[m] += best_area(d, m, p, r) / PEOPLE;
        printf("%-7s %8.3f %8.3f %8.3f\n", region_name[r], mean[0], mean[1], mean[2]);
        above_cornet += mean[MODEL_REALNET] > mean[MODEL_CORNET];
        above_control += mean[MODEL_REALNET] > mean[MODEL_CONTROL];
    }
    printf("\nReAlnet is above CORnet in %d of %d regions, above the control in %d.\n", above_cornet, REGIONS, above_control);
    printf("The brains are simulated (data/README.md): this shows that the method works, not how brains do.\n");
}

static uint8_t *test_pictures(demo *d, int size)
{
    const size_t bytes = 3 * (size_t)size * (size_t)size;
    uint8_t *rgb = allocate((size_t)d->test.count * bytes, 1);
    for (int i = 0; i < d->test.count; i++)
        images_rgb(&d->test, i, size, rgb + (size_t)i * bytes);
    return rgb;
}

/* The same matrix with the images of a class side by side: what is alike forms squares. */
static double *by_class(const demo *d, const double *rdm)
{
    const int M = d->test.count;
    int count, at = 0, *order = allocate((size_t)M, sizeof *order);
    char *path = join_path(d->data, "test_labels.txt");
    int *label = read_labels(path, &count);
    if (count != M) fail(EXIT_WRONG_INPUT, path, "%d labels, but there are %d test images (restore data/)", count, M);
    for (int class = 0; class < 10; class++)
        for (int i = 0; i < M; i++)
            if (label[i] == class && at < M) order[at++] = i;
    if (at != M) fail(EXIT_WRONG_INPUT, path, "a label is not one of the classes 0 to 9 (restore data/)");
    double *sorted = allocate((size_t)M * (size_t)M, sizeof *sorted);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++)
            sorted[i * M + j] = rdm[order[i] * M + order[j]];
    release(label);
    release(path);
    release(order);
    return sorted;
}

static void write_report(demo *d)
{
    const int M = d->test.count;
    const report_rdm rdm[] = {
        { "person1, region IT", by_class(d, d->brain[0][REGIONS - 1]), M },
        { "CORnet, area IT", by_class(d, d->shown[MODEL_CORNET]), M },
        { "Control, area IT", by_class(d, d->shown[MODEL_CONTROL]), M },
        { "ReAlnet, area IT", by_class(d, d->shown[MODEL_REALNET]), M },
    };
    char *settings = format_text("bundled study with simulated brains; %d people; cornet-tiny; beta %g (control: 0); %d epochs; batch 16; rate 0.001; "
                                 "Pearson contrast; seed 1", PEOPLE, beta, EPOCHS);
    uint8_t *pictures = test_pictures(d, 32);
    const study_report r = {
        .title = "ReAlnet on the bundled study", .settings = settings,
        .person_count = PEOPLE, .region_count = REGIONS, .area_count = RN_AREAS,
        .person = person_name, .region = region_name, .area = area_name,
        .similarity = &d->similarity[0][0][0][0], .test_images = M,
        .realnet_loss = d->realnet_loss, .control_loss = d->control_loss,
        .rdm_count = 4, .rdm = rdm, .rdm_caption = "The first person's simulated IT and the IT of the three models, images of a class side by side.",
        .image_count = M, .image_size = 32, .images = pictures, .fingerprint = d->fingerprint,
    };
    char *path = join_path(d->folder, "report.html");
    report_write(path, &r);
    printf("\nThe report, with pictures: %s\n", path);
    release(path);
    release(pictures);
    release(settings);
}

static loss_table read_losses(const demo *d, int person, const char *kind)
{
    char *run = format_text("%s-%s", person_name[person], kind), *path = path_of(d->folder, run, "loss.csv");
    const loss_table t = loss_table_read(path);
    release(path);
    release(run);
    return t;
}

int command_demo(int argc, char **argv)
{
    static demo d;
    d.data = "data";
    d.folder = "demo";
    d.fingerprint = RN_HASH_START;
    const option options[] = {
        { 'o', "output", OPTION_TEXT, &d.folder, "DIR", "folder of the results (default: demo)" },
        { 0, "data", OPTION_TEXT, &d.data, "DIR", "folder of the bundled study (default: data)" },
    };
    parse_options("demo [-o DIR]", "The whole study on the bundled data, ending in DIR/report.html.", options, sizeof options / sizeof *options, argc, argv, 0, 0);
    char *list = join_path(d.data, "test.txt");
    if (!file_exists(list)) fail(EXIT_WRONG_INPUT, d.data, "the bundled study is not here (run from the project's folder, or name it with --data)");
    d.test = images_open(list);
    read_brains(&d);
    make_folder(d.folder);
    const double began = seconds_now();
    char *cornet = pretrain(&d);
    printf("2. For each of %d people it learns their responses (ReAlnet), or goes on without them (control): %d epochs each\n", PEOPLE, EPOCHS);
    fflush(stdout);
    for (int p = 0; p < PEOPLE; p++) {
        char *control = align(&d, cornet, p, 0.0, "control"), *realnet = align(&d, cornet, p, beta, "realnet");
        compare(&d, cornet, MODEL_CORNET, p);
        compare(&d, control, MODEL_CONTROL, p);
        compare(&d, realnet, MODEL_REALNET, p);
        d.control_loss[p] = read_losses(&d, p, "control");
        d.realnet_loss[p] = read_losses(&d, p, "realnet");
        release(control);
        release(realnet);
    }
    print_table(&d);
    write_report(&d);
    printf("Done in %.0f s.\n", seconds_now() - began);
    printf("fingerprint of the final weights: %016" PRIx64 "\n", d.fingerprint);
    return EXIT_DONE;
}
