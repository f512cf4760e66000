/* analyse.c: the commands that compare representations: rdm, rsa. */
#include "command.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- rdm ---- */

static int metric_of(const char *name)
{
    static const char *const metrics[] = { "pearson", "cosine", "euclidean" };
    for (int m = 0; m < 3; m++)
        if (strcmp(name, metrics[m]) == 0) return m;
    const char *near = nearest_name(name, metrics, 3);
    fail(EXIT_WRONG_INPUT, "--metric", "there is no metric '%s' (%s%s)", name, near ? "did you mean " : "pearson, cosine or euclidean", near ? near : "");
}

void rdm_of(double *rdm, const double *rows, int M, int D, int metric, const char *name)
{
    double *scratch = allocate((size_t)M * (size_t)D, sizeof *scratch);
    int bad_row = -1;
    const int status = rn_rdm_double(rdm, rows, M, D, metric, scratch, &bad_row, threads);
    if (status == RN_ENAN)
        fail(EXIT_WRONG_INPUT, name, "row %d has the same value everywhere, so its %s is not defined (leave this item out, or use --metric euclidean)",
             bad_row, metric == RN_RDM_COSINE ? "direction" : "correlation");
    check_status(status, name);
    release(scratch);
}

int command_rdm(int argc, char **argv)
{
    const char *path = NULL, *metric_name = "pearson";
    const option options[] = {
        { 'o', "output", OPTION_TEXT, &path, "R.npy", "the dissimilarities, float64 [items, items] or [sets, items, items]" },
        { 'm', "metric", OPTION_TEXT, &metric_name, "M", "pearson: 1 - r (default); cosine: 1 - cosine; euclidean" },
    };
    parse_options("rdm X.npy -o R.npy [--metric pearson|cosine|euclidean]", "Dissimilarities between the rows of X [items, features] or [sets, items, features].",
                  options, sizeof options / sizeof *options, argc, argv, 1, 1);
    require_option("rdm", "output", path);
    const int metric = metric_of(metric_name);
    array x = npy_read(argv[0]);
    if (x.rank != 2 && x.rank != 3)
        fail(EXIT_WRONG_INPUT, argv[0], "its shape is %s (wanted: [items, features] or [sets, items, features])", array_shape_text(&x));
    const size_t sets = x.rank == 3 ? x.shape[0] : 1, M = x.shape[x.rank - 2], D = x.shape[x.rank - 1];
    if (M < 2 || D < (metric == RN_RDM_PEARSON ? 2 : 1) || M > 65536 || D > 1 << 30)
        fail(EXIT_WRONG_INPUT, argv[0], "%zu items of %zu features (at least 2 items%s are needed)", M, D, metric == RN_RDM_PEARSON ? " of 2 features" : "");
    array_check_finite(&x, argv[0], "features");
    double *rdm = allocate(sets * M * M, sizeof *rdm), *rows = array_doubles(&x);
    progress_begin("rdm", sets);
    for (size_t s = 0; s < sets; s++) {
        rdm_of(rdm + s * M * M, rows + s * M * D, (int)M, (int)D, metric, argv[0]);
        progress_at(s + 1, NULL);
    }
    progress_end();
    const size_t shape[3] = { sets, M, M };
    npy_write(path, "f8", x.rank, x.rank == 3 ? shape : shape + 1, rdm);
    if (json) printf("{\"items\": %zu, \"features\": %zu, \"sets\": %zu}\n", M, D, sets);
    else printf("%s: %zu x %zu%s\n", path, M, M, x.rank == 3 ? ", one for each set" : "");
    release(rdm);
    release(rows);
    array_free(&x);
    return EXIT_DONE;
}

/* ---- rsa ---- */

typedef struct { char *name; int M; double *rdm; } named_rdm;
typedef struct { int count; named_rdm *entry; } rdm_list;

static void add_rdm(rdm_list *list, char *name, int M, double *rdm)
{
    const named_rdm one = { name, M, rdm };
    list->entry = realloc(list->entry, (size_t)(list->count + 1) * sizeof *list->entry);
    if (list->entry == NULL) fail(EXIT_FAILED, name, "out of memory");
    list->entry[list->count++] = one;
}

static void check_rdm(const double *rdm, int M, const char *name)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < i; j++)
            if (fabs(rdm[i * M + j] - rdm[j * M + i]) > 1e-6 * (1.0 + fabs(rdm[i * M + j])))
                fail(EXIT_WRONG_INPUT, name, "it is not symmetric: row %d, column %d is %g, row %d, column %d is %g (is it a dissimilarity matrix? "
                     "'realnet rdm' makes one of features)", i, j, rdm[i * M + j], j, i, rdm[j * M + i]);
}

/* All RDMs in a file: any shape [..., items, items]; those of a stack are named FILE[index]. */
static void read_rdms(rdm_list *list, const char *path)
{
    array a = npy_read(path);
    if (a.rank < 2 || a.shape[a.rank - 1] != a.shape[a.rank - 2])
        fail(EXIT_WRONG_INPUT, path, "its shape is %s (wanted: [items, items], or a stack of such)", array_shape_text(&a));
    array_check_finite(&a, path, "dissimilarities");
    const size_t M = a.shape[a.rank - 1];
    if (M < 3 || M > 65536) fail(EXIT_WRONG_INPUT, path, "%zu items (3 to 65536 are needed)", M);
    const size_t sets = a.count / (M * M);
    double *all = array_doubles(&a);
    for (size_t s = 0; s < sets; s++) {
        char *name = sets == 1 ? format_text("%s", path) : format_text("%s[%zu]", path, s);
        check_rdm(all + s * M * M, (int)M, name);
        add_rdm(list, name, (int)M, all + s * M * M);
    }
    array_free(&a);
}

static int *read_subset(const char *path, int *count)
{
    array a = npy_read(path);
    int *index = allocate(a.count + 1, sizeof *index);
    for (size_t i = 0; i < a.count; i++) {
        const double x = array_at(&a, i);
        if (!(fabs(x) <= 65536.0 && floor(x) == x))
            fail(EXIT_WRONG_INPUT, path, "entry %zu is %g (give indices from 0, whole numbers)", i, x);
        index[i] = (int)x;
    }
    *count = (int)a.count;
    array_free(&a);
    return index;
}

/* Keep the chosen conditions of every RDM. */
static void take_subset(rdm_list *list, const int *index, int count, const char *path)
{
    if (count < 3) fail(EXIT_WRONG_INPUT, path, "%d conditions (at least 3 are needed)", count);
    for (int e = 0; e < list->count; e++) {
        named_rdm *r = &list->entry[e];
        double *part = allocate((size_t)count * (size_t)count, sizeof *part);
        for (int i = 0; i < count; i++) {
            if (index[i] < 0 || index[i] >= r->M)
                fail(EXIT_WRONG_INPUT, path, "entry %d is %d, but %s has conditions 0 to %d (give indices from 0)", i, index[i], r->name, r->M - 1);
            for (int j = 0; j < count; j++)
                part[i * count + j] = r->rdm[(size_t)index[i] * (size_t)r->M + (size_t)index[j]];
        }
        r->rdm = part;
        r->M = count;
    }
}

double rsa_between(const double *a, const char *name_a, const double *b, const char *name_b, int M)
{
    const size_t L = (size_t)M * (size_t)(M - 1) / 2;
    double *scratch = allocate(4 * L, sizeof *scratch), rho = 0.0;
    int32_t *order = allocate(L, sizeof *order);
    const int status = rn_rsa(&rho, a, b, M, scratch, order);
    if (status == RN_ENAN)
        fail(EXIT_WRONG_INPUT, name_a, "it or %s has the same dissimilarity everywhere, so ranks say nothing (check the features)", name_b);
    check_status(status, name_a);
    release(scratch);
    release(order);
    return rho;
}

static double similarity(const named_rdm *a, const named_rdm *b)
{
    if (a->M != b->M)
        fail(EXIT_WRONG_INPUT, a->name, "it has %d items, but %s has %d (both must be over the same images in the same order)", a->M, b->name, b->M);
    return rsa_between(a->rdm, a->name, b->rdm, b->name, a->M);
}

static void print_rsa(const rdm_list *model, const rdm_list *brain, const double *rho)
{
    if (json) printf("{\"pairs\": [");
    else printf("%-40s %-40s %10s\n", "model", "brain", "Spearman");
    for (int b = 0; b < brain->count; b++)
        for (int m = 0; m < model->count; m++) {
            const double r = rho[b * model->count + m];
            if (!json) {
                printf("%-40s %-40s %10.6f\n", model->entry[m].name, brain->entry[b].name, r);
                continue;
            }
            printf("%s{\"model\": ", b + m ? ",\n " : "");
            json_string(stdout, model->entry[m].name);
            printf(", \"brain\": ");
            json_string(stdout, brain->entry[b].name);
            printf(", \"spearman\": ");
            json_number(stdout, r);
            printf("}");
        }
}

/* The model RDM most like each brain RDM: "best layer" when the models are one network's areas. */
static void print_best(const rdm_list *model, const rdm_list *brain, const double *rho)
{
    printf(json ? "],\n \"best\": [" : "\n%-40s %-40s %10s\n", "brain", "best model", "Spearman");
    for (int b = 0; b < brain->count; b++) {
        int best = 0;
        for (int m = 1; m < model->count; m++)
            if (rho[b * model->count + m] > rho[b * model->count + best]) best = m;
        if (!json) {
            printf("%-40s %-40s %10.6f\n", brain->entry[b].name, model->entry[best].name, rho[b * model->count + best]);
            continue;
        }
        printf("%s{\"brain\": ", b ? ",\n " : "");
        json_string(stdout, brain->entry[b].name);
        printf(", \"model\": ");
        json_string(stdout, model->entry[best].name);
        printf(", \"spearman\": ");
        json_number(stdout, rho[b * model->count + best]);
        printf("}");
    }
    if (json) printf("]}\n");
}

int command_rsa(int argc, char **argv)
{
    const char *models = NULL, *brains = NULL, *subset = NULL;
    const option options[] = {
        { 'm', "model", OPTION_TEXT, &models, "R,...", "RDMs of the model, .npy [items, items] or stacks of them" },
        { 'b', "brain", OPTION_TEXT, &brains, "R,...", "RDMs of the brain over the same images" },
        { 0, "subset", OPTION_TEXT, &subset, "I.npy", "compare only these conditions (indices from 0)" },
    };
    parse_options("rsa --model R,... --brain R,...", "Spearman correlation of the upper triangles of RDMs, each model with each brain.", options,
                  sizeof options / sizeof *options, argc, argv, 0, 0);
    require_option("rsa", "model", models);
    require_option("rsa", "brain", brains);
    rdm_list model = { 0, NULL }, brain = { 0, NULL };
    int count;
    char **path = split_list("--model", models, &count);
    for (int i = 0; i < count; i++)
        read_rdms(&model, path[i]);
    path = split_list("--brain", brains, &count);
    for (int i = 0; i < count; i++)
        read_rdms(&brain, path[i]);
    if (subset != NULL) {
        int *index = read_subset(subset, &count);
        take_subset(&model, index, count, subset);
        take_subset(&brain, index, count, subset);
    }
    double *rho = allocate((size_t)model.count * (size_t)brain.count + 1, sizeof *rho);
    for (int b = 0; b < brain.count; b++)
        for (int m = 0; m < model.count; m++)
            rho[b * model.count + m] = similarity(&model.entry[m], &brain.entry[b]);
    print_rsa(&model, &brain, rho);
    print_best(&model, &brain, rho);
    return EXIT_DONE;
}
