/* demo.c: the whole way once, on the bundled study: pretrain a tiny CORnet-S, teach it each person's responses, and ask on
 * held-out images whether it came closer to that person's brain than the starting model and than a control with beta = 0. */
#include "command.h"
#include "report.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 3, REGIONS = 5 };
enum { MODEL_CORNET, MODEL_CONTROL, MODEL_REALNET, MODEL_COUNT };
static const char *const person_name[PEOPLE] = { "person1", "person2", "person3" };
static const char *const region_name[REGIONS] = { "V1", "V2", "V4", "LOC", "IT" };
static const char *const area_name[RN_AREAS] = { "V1", "V2", "V4", "IT" };
static const char *const model_name[MODEL_COUNT] = { "CORnet", "Control", "ReAlnet" };

typedef struct {
    const char *data, *folder;
    image_set   test;
    double     *brain[PEOPLE][REGIONS];                 /* RDMs (images, images) */
    double      similarity[MODEL_COUNT][PEOPLE][REGIONS][RN_AREAS];
    double     *shown[MODEL_COUNT];                     /* IT of the first person's models, for the report */
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

/* Person, seed, model, beta: what the rows of most tables begin with. */
static void table_model(table *t, int person, int model)
{
    table_text(t, person_name[person]);
    table_text(t, "1");
    table_text(t, model_name[model]);
    if (model == MODEL_CORNET) table_text(t, "");
    else table_number(t, model == MODEL_REALNET ? beta : 0.0);
}

static void finish_table(const demo *d, table *t, const char *name)
{
    char *path = path_of(d->folder, "tables", name);
    table_write_csv(t, path);
    table_free(t);
    release(path);
}

static void write_similarities(const demo *d, int best)
{
    table *t = table_begin("similarity", "set,region,person,seed,model,beta,area,similarity");
    for (int m = 0; m < MODEL_COUNT; m++)
        for (int p = 0; p < PEOPLE; p++)
            for (int r = 0; r < REGIONS; r++)
                for (int a = 0; a < RN_AREAS; a++) {
                    const double x = d->similarity[m][p][r][a];
                    if (best && x != best_area(d, m, p, r)) continue;
                    table_text(t, "test");
                    table_text(t, region_name[r]);
                    table_model(t, p, m);
                    table_text(t, area_name[a]);
                    table_number(t, x);
                    if (best) break;                    /* one area a row, also where two are equal */
                }
    finish_table(d, t, best ? "best.csv" : "similarity.csv");
}

static void write_improvements(const demo *d)
{
    table *t = table_begin("improvement", "set,region,person,seed,over,ratio");
    for (int m = 0; m < MODEL_REALNET; m++)
        for (int p = 0; p < PEOPLE; p++)
            for (int r = 0; r < REGIONS; r++) {
                const double x = best_area(d, m, p, r);
                table_text(t, "test");
                table_text(t, region_name[r]);
                table_text(t, person_name[p]);
                table_text(t, "1");
                table_text(t, model_name[m]);
                table_number(t, x > 0.0 ? (best_area(d, MODEL_REALNET, p, r) - x) / x : NAN);
            }
    finish_table(d, t, "improvement.csv");
}

/* The rows of each run's loss.csv, behind whose they are. */
static void write_losses(const demo *d)
{
    table *t = table_begin("loss", "person,seed,model,beta,epoch,"
                           "train_loss,train_classification,train_generation,train_mse,train_contrast");
    for (int p = 0; p < PEOPLE; p++)
        for (int m = MODEL_CONTROL; m < MODEL_COUNT; m++) {
            char *run = format_text("%s-%s", person_name[p], m == MODEL_REALNET ? "realnet" : "control");
            char *path = path_of(d->folder, run, "loss.csv");
            csv_table loss = csv_read(path);
            for (int e = 0; e < loss.rows; e++) {
                table_model(t, p, m);
                for (int c = 0; c < 6; c++)
                    table_number(t, csv_number_at(&loss, e, c));
            }
            csv_free(&loss);
            release(path);
            release(run);
        }
    finish_table(d, t, "loss.csv");
}

static void write_rdm(const demo *d, table *t, const char *model, const double *rdm)
{
    const int M = d->test.count;
    const size_t shape[2] = { (size_t)M, (size_t)M };
    double *sorted = by_class(d, rdm);
    char *file = format_text("rdms/%s-%s-IT.npy", person_name[0], *model ? model : "brain"), *path = join_path(d->folder, file);
    npy_write(path, "f8", 2, shape, sorted);
    table_text(t, *model ? "model" : "brain");
    table_text(t, "test");
    table_text(t, person_name[0]);
    table_text(t, model);
    table_text(t, "IT");
    table_text(t, file);
    release(sorted);
    release(file);
    release(path);
}

static void write_rdms(const demo *d)
{
    table *t = table_begin("rdms", "kind,set,person,model,name,file");
    char *rdms = join_path(d->folder, "rdms");
    make_folder(rdms);
    write_rdm(d, t, "", d->brain[0][REGIONS - 1]);
    for (int m = 0; m < MODEL_COUNT; m++)
        write_rdm(d, t, model_name[m], d->shown[m]);
    finish_table(d, t, "rdms.csv");
    release(rdms);
}

static void write_settings(const demo *d)
{
    char *path = join_path(d->folder, "study.json");
    output *out = output_open(path);
    fprintf(output_file(out), "{\n  \"title\": \"ReAlnet on the bundled study\",\n  \"version\": \"%s\",\n  \"seeds\": [1],\n"
            "  \"betas\": [0, %g],\n  \"beta\": %g,\n  \"epochs\": %d,\n  \"batch\": 16,\n  \"lr\": 0.001,\n"
            "  \"contrast\": \"pearson\",\n  \"model\": \"cornet-tiny\",\n  \"people_fmri\": [\"%s\", \"%s\", \"%s\"],\n"
            "  \"test_sets\": [{\"name\": \"test\", \"images\": \"test.txt\", \"count\": %d}],\n"
            "  \"fingerprint\": \"%016" PRIx64 "\",\n", RN_VERSION, beta, beta, EPOCHS, person_name[0], person_name[1],
            person_name[2], d->test.count, d->fingerprint);
    fputs("  \"note\": \"The brains are simulated (data/README.md): this shows that the method works, not how brains do. In the "
          "dissimilarity matrices the images of a class stand side by side.\"\n}\n", output_file(out));
    output_close(out);
    release(path);
}

static void write_report(const demo *d)
{
    char *tables = join_path(d->folder, "tables"), *page = join_path(d->folder, "report.html");
    make_folder(tables);
    write_similarities(d, 0);
    write_similarities(d, 1);
    write_improvements(d);
    write_losses(d);
    write_rdms(d);
    write_settings(d);
    report_write(d->folder, NULL);
    printf("\nThe report, with pictures: %s\n", page);
    release(tables);
    release(page);
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
        release(control);
        release(realnet);
    }
    print_table(&d);
    write_report(&d);
    printf("Done in %.0f s.\n", seconds_now() - began);
    printf("fingerprint of the final weights: %016" PRIx64 "\n", d.fingerprint);
    return EXIT_DONE;
}
