/* report.c: the page that tells what a study found, with its figures and numbers. See report.h.
 * Order: loss tables; the numbers; the figures; the page; the files. */
#include "report.h"
#include "svg.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const model_name[MODEL_COUNT] = {"CORnet", "Control", "ReAlnet"};
static const char *const model_dot[MODEL_COUNT] = {"cornet dot", "control dot", "realnet dot"};
static const char *const model_thin_curve[MODEL_COUNT] = {"cornet thin", "control thin dashed", "realnet thin"};
static const char *const model_thick[MODEL_COUNT] = {"cornet thick", "control thick", "realnet thick"};
static const char *const model_thick_curve[MODEL_COUNT] = {"cornet thick", "control thick dashed", "realnet thick"};
static const int model_mark[MODEL_COUNT] = {MARK_CIRCLE, MARK_SQUARE, MARK_DIAMOND};

/* ---- Loss tables ---- */

static int count_of(const char *text, size_t length, char wanted)
{
    int count = 0;
    for (size_t i = 0; i < length; i++)
        count += text[i] == wanted;
    return count;
}

static char *copy_of(const char *text, size_t length)
{
    char *copy = allocate(length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

/* "epoch,NAME,NAME,..." */
static void read_header(loss_table *t, const char *path, const char *line, size_t length)
{
    if (length < 7 || strncmp(line, "epoch,", 6) != 0)
        fail(EXIT_WRONG_INPUT, path, "the first line is not a loss table's header (it begins with epoch,train_loss)");
    t->columns = count_of(line, length, ',');
    t->column = allocate((size_t)t->columns, sizeof *t->column);
    const char *name = line + 6;
    for (int c = 0; c < t->columns; c++) {
        const size_t rest = (size_t)(line + length - name), size = strcspn(name, ",\r\n");
        t->column[c] = copy_of(name, size < rest ? size : rest);
        name += size + 1;
    }
}

static void read_row(double *value, int columns, const char *path, const char *line, size_t length, int number)
{
    const int commas = count_of(line, length, ',');
    if (commas != columns)
        fail(EXIT_WRONG_INPUT, path, "line %d has %d columns, the header %d (is the file cut off?)", number, commas + 1,
             columns + 1);
    for (int c = 0; c < columns; c++) {
        line = strchr(line, ',') + 1;
        char *end;
        value[c] = strtod(line, &end);
        if (end == line || strchr(",\r\n", *end) == NULL)
            fail(EXIT_WRONG_INPUT, path, "line %d, column %d: not a number (was the file edited?)", number, c + 2);
    }
}

loss_table loss_table_read(const char *path)
{
    loss_table t = {0, 0, NULL, NULL};
    size_t length;
    char *text = read_text(path, &length);
    const int lines = count_of(text, length, '\n') + (length > 0 && text[length - 1] != '\n');
    char *line = text;
    for (int number = 1; number <= lines; number++) {
        const size_t size = strcspn(line, "\n");
        if (number == 1) {
            read_header(&t, path, line, size);
            t.value = allocate((size_t)lines * (size_t)t.columns, sizeof *t.value);
        } else {
            read_row(t.value + (size_t)t.epochs * (size_t)t.columns, t.columns, path, line, size, number);
            t.epochs++;
        }
        line += size + 1;
    }
    release(text);
    if (t.epochs == 0)
        fail(EXIT_WRONG_INPUT, path, "no epochs in this loss table (train first)");
    return t;
}

void loss_table_free(loss_table *t)
{
    for (int c = 0; c < t->columns; c++)
        release(t->column[c]);
    release(t->column);
    release(t->value);
    memset(t, 0, sizeof *t);
}

/* NaN where the table has no such column or epoch. */
static double loss_at(const loss_table *t, const char *column, int epoch)
{
    for (int c = 0; c < t->columns && epoch < t->epochs; c++)
        if (strcmp(t->column[c], column) == 0)
            return t->value[(size_t)epoch * (size_t)t->columns + (size_t)c];
    return NAN;
}

/* ---- The numbers ---- */

static double similarity_at(const study_report *r, int model, int person, int region, int area)
{
    const int set = (model * r->person_count + person) * r->region_count + region;
    return r->similarity[(size_t)set * (size_t)r->area_count + (size_t)area];
}

/* method.md 5.2: for a region, the highest over the model's areas. -1: no area has a value. */
static int best_area(const study_report *r, int model, int person, int region)
{
    int best = -1;
    for (int a = 0; a < r->area_count; a++) {
        const double x = similarity_at(r, model, person, region, a);
        if (isfinite(x) && (best < 0 || x > similarity_at(r, model, person, region, best)))
            best = a;
    }
    return best;
}

static double best_similarity(const study_report *r, int model, int person, int region)
{
    const int area = best_area(r, model, person, region);
    return area < 0 ? NAN : similarity_at(r, model, person, region, area);
}

/* Over the people who have a value. */
static double mean_similarity(const study_report *r, int model, int region)
{
    double sum = 0;
    int count = 0;
    for (int p = 0; p < r->person_count; p++) {
        const double x = best_similarity(r, model, p, region);
        if (isfinite(x)) {
            sum += x;
            count++;
        }
    }
    return count > 0 ? sum / count : NAN;
}

/* ReAlnet against another model over the person x region cells in which both have a value. */
typedef struct { int above, cells; double realnet, rival; } comparison;

static comparison compare(const study_report *r, int rival)
{
    comparison c = {0, 0, 0, 0};
    for (int p = 0; p < r->person_count; p++)
        for (int g = 0; g < r->region_count; g++) {
            const double x = best_similarity(r, MODEL_REALNET, p, g), y = best_similarity(r, rival, p, g);
            if (!isfinite(x) || !isfinite(y))
                continue;
            c.above += x > y;
            c.cells++;
            c.realnet += x;
            c.rival += y;
        }
    c.realnet = c.cells > 0 ? c.realnet / c.cells : NAN;
    c.rival = c.cells > 0 ? c.rival / c.cells : NAN;
    return c;
}

static int ahead(const comparison *c)
{
    return 2 * c->above > c->cells && c->realnet > c->rival;
}

static const char *people(int count)
{
    return count == 1 ? "person" : "people";
}

/* ---- Figure: the framework ---- */

static void labelled_box(FILE *f, double x, double y, double width, double height, const char *first,
                         const char *second)
{
    svg_box(f, x, y, width, height);
    const double middle = y + height / 2 + 5;
    svg_text(f, x + width / 2, second == NULL ? middle : middle - 9, "middle", first);
    if (second != NULL)
        svg_text(f, x + width / 2, middle + 9, "middle", second);
}

/* Four columns: the model's areas, their encoders, the responses predicted, the responses measured. */
static void draw_framework(figure *g)
{
    static const char *const stage[6] = {"image", "V1", "V2", "V4", "IT", "decoder"};
    FILE *f = g->file;
    panel_begin(g, 460, 412, "How ReAlnet is trained",
                "The image passes V1, V2, V4, IT and the decoder, which classifies. An encoder reads each of the four "
                "areas; together they predict the brain responses that were measured while the person saw the same "
                "image. The loss is classification plus beta times generation; generation is mean squared error plus "
                "contrast.");
    for (int i = 0; i < 6; i++) {
        const double y = 10 + 50 * i;
        labelled_box(f, 8, y, 88, 34, stage[i], NULL);
        svg_arrow(f, 52, y + 34, 52, y + 50);
        if (i >= 1 && i <= 4) {
            labelled_box(f, 124, y, 88, 34, "encoder", NULL);
            svg_arrow(f, 96, y + 17, 124, y + 17);
            svg_arrow(f, 212, y + 17, 240, y + 17);
        }
    }
    labelled_box(f, 364, 10, 88, 34, "person", NULL);
    svg_arrow(f, 96, 27, 364, 27);
    svg_arrow(f, 408, 44, 408, 60);
    labelled_box(f, 240, 60, 96, 184, "predicted", "responses");
    labelled_box(f, 356, 60, 96, 184, "measured", "responses");
    svg_arrow(f, 288, 244, 288, 310);
    svg_arrow(f, 404, 244, 404, 310);
    labelled_box(f, 8, 310, 180, 34, "classification", NULL);
    labelled_box(f, 212, 310, 240, 34, "generation = mse + contrast", NULL);
    svg_arrow(f, 98, 344, 98, 368);
    svg_arrow(f, 332, 344, 332, 368);
    labelled_box(f, 8, 368, 444, 34, "loss = classification + \xce\xb2 \xc3\x97 generation", NULL);
    panel_end(g);
}

/* ---- Figure: similarity ---- */

static double model_offset(int model, double slot)
{
    return (model - 1) * 0.28 * slot;
}

static void draw_legend(FILE *f, double x, double y, int first_model, int lines)
{
    for (int m = first_model; m < MODEL_COUNT; m++, x += 118) {
        const double ends_x[2] = {x, x + 26}, ends_y[2] = {y, y};
        if (lines)
            svg_curve(f, ends_x, ends_y, 2, model_thick_curve[m]);
        else
            svg_mark(f, model_mark[m], x + 18, y, model_dot[m], NULL);
        svg_text(f, x + 32, y + 5, "", model_name[m]);
    }
}

static void draw_person(FILE *f, const study_report *r, int person, int region, const scale *s, double x, double slot)
{
    double place_x[MODEL_COUNT], place_y[MODEL_COUNT];
    for (int m = 0; m < MODEL_COUNT; m++) {
        place_x[m] = x + model_offset(m, slot);
        place_y[m] = scale_place(s, best_similarity(r, m, person, region));
    }
    svg_curve(f, place_x, place_y, MODEL_COUNT, "link");
    for (int m = 0; m < MODEL_COUNT; m++) {
        const int area = best_area(r, m, person, region);
        if (area < 0)
            continue;
        char *hint = format_text("%s, %s, %s: %.3f (%s)", r->person[person], r->region[region], model_name[m],
                                 best_similarity(r, m, person, region), r->area[area]);
        svg_mark(f, model_mark[m], place_x[m], place_y[m], model_dot[m], hint);
        release(hint);
    }
}

static void draw_region(FILE *f, const study_report *r, int region, const scale *s, double x, double slot)
{
    for (int p = 0; p < r->person_count; p++)
        draw_person(f, r, p, region, s, x, slot);
    for (int m = 0; m < MODEL_COUNT; m++) {
        const double mean = scale_place(s, mean_similarity(r, m, region)), middle = x + model_offset(m, slot);
        const double ends_x[2] = {middle - 0.12 * slot, middle + 0.12 * slot}, ends_y[2] = {mean, mean};
        svg_curve(f, ends_x, ends_y, 2, model_thick[m]);
    }
    svg_text_within(f, x, s->from + 22, "middle", r->region[region], 0.95 * slot);
}

static scale similarity_scale(const study_report *r, double from, double to)
{
    double low = 0, high = 0;
    for (int m = 0; m < MODEL_COUNT; m++)
        for (int p = 0; p < r->person_count; p++)
            for (int g = 0; g < r->region_count; g++) {
                const double x = best_similarity(r, m, p, g);
                low = x < low ? x : low;
                high = x > high ? x : high;
            }
    return scale_over(low, high, from, to, 5);
}

static void draw_similarity(const study_report *r, figure *g)
{
    const double slot = r->region_count <= 6 ? 80 : fmax(480.0 / r->region_count, 48), left = 58;
    const double width = fmax(left + slot * r->region_count + 8, 400);
    g->width = width;
    g->height = 352;
    const char *title = "Similarity of model and brain by region";
    char *about = format_text("For each of %d regions the mean over %d %s and a mark per person, for CORnet, Control "
                              "and ReAlnet. The table and similarity.csv hold the numbers.", r->region_count,
                              r->person_count, people(r->person_count));
    figure_begin(g, title, about);
    panel_begin(g, width, g->height, title, about);
    const scale s = similarity_scale(r, 312, 46);
    svg_vertical_axis(g->file, &s, left, width - 8);
    fputs("<g transform=\"rotate(-90)\">", g->file);
    svg_text(g->file, -179, 15, "middle", "Spearman\xe2\x80\x99s \xcf\x81");
    fputs("</g>\n", g->file);
    draw_legend(g->file, left, 18, MODEL_CORNET, 0);
    for (int i = 0; i < r->region_count; i++)
        draw_region(g->file, r, i, &s, left + slot * (i + 0.5), slot);
    panel_end(g);
    figure_end(g);
    release(about);
}

/* ---- Figure: loss ---- */

enum { LOSS_TRAIN, LOSS_TEST, LOSS_SETS };
static const char *const loss_set[LOSS_SETS] = {"train", "test"};
static const char *const loss_set_title[LOSS_SETS] = {"training", "test"};
static const struct { const char *column, *title; } loss_part[] = {
    {"generation", "generation"}, {"classification", "classification"}, {"loss", "total"}};
enum { LOSS_PARTS = sizeof loss_part / sizeof loss_part[0] };

static const loss_table *losses_of(const study_report *r, int model)
{
    return model == MODEL_REALNET ? r->realnet_loss : model == MODEL_CONTROL ? r->control_loss : NULL;
}

static int epoch_count(const study_report *r)
{
    int most = 0;
    for (int m = MODEL_CONTROL; m < MODEL_COUNT; m++)
        for (int p = 0; losses_of(r, m) != NULL && p < r->person_count; p++)
            most = losses_of(r, m)[p].epochs > most ? losses_of(r, m)[p].epochs : most;
    return most;
}

/* Over the people who have a value. */
static double mean_loss(const study_report *r, int model, const char *column, int epoch)
{
    double sum = 0;
    int count = 0;
    for (int p = 0; p < r->person_count; p++) {
        const double x = loss_at(&losses_of(r, model)[p], column, epoch);
        if (isfinite(x)) {
            sum += x;
            count++;
        }
    }
    return count > 0 ? sum / count : NAN;
}

/* The range of a part of the loss over models, people and sets: training and test share an axis. 0 if there is none. */
static int loss_range(const study_report *r, int part, int set_first, int set_last, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int set = set_first; set <= set_last; set++) {
        char *column = format_text("%s_%s", loss_set[set], loss_part[part].column);
        for (int m = MODEL_CONTROL; m < MODEL_COUNT; m++)
            for (int p = 0; losses_of(r, m) != NULL && p < r->person_count; p++)
                for (int e = 0; e < losses_of(r, m)[p].epochs; e++) {
                    const double x = loss_at(&losses_of(r, m)[p], column, e);
                    *low = isfinite(x) && x < *low ? x : *low;
                    *high = isfinite(x) && x > *high ? x : *high;
                }
        release(column);
    }
    return *low <= *high;
}

static int has_loss(const study_report *r, int set)
{
    double low, high;
    return loss_range(r, LOSS_PARTS - 1, set, set, &low, &high);
}

/* person -1: the mean. */
static void draw_loss_curve(FILE *f, const study_report *r, int model, int person, const char *column,
                            const scale *across, const scale *up)
{
    const int n = epoch_count(r);
    double *x = allocate((size_t)n, sizeof *x), *y = allocate((size_t)n, sizeof *y);
    for (int e = 0; e < n; e++) {
        const double value = person < 0 ? mean_loss(r, model, column, e)
                                        : loss_at(&losses_of(r, model)[person], column, e);
        x[e] = scale_place(across, e + 1);
        y[e] = scale_place(up, value);
    }
    svg_curve(f, x, y, n, person < 0 ? model_thick_curve[model] : model_thin_curve[model]);
    release(x);
    release(y);
}

static char *describe_loss(const study_report *r, const char *column)
{
    const int last = epoch_count(r) - 1;
    char *text = format_text("Means over %d %s, first and last epoch.", r->person_count, people(r->person_count));
    for (int m = MODEL_CONTROL; m < MODEL_COUNT; m++) {
        const double begun = losses_of(r, m) == NULL ? NAN : mean_loss(r, m, column, 0);
        const double ended = losses_of(r, m) == NULL ? NAN : mean_loss(r, m, column, last);
        if (!isfinite(begun) || !isfinite(ended))
            continue;
        char *longer = format_text("%s %s: %.4f and %.4f.", text, model_name[m], begun, ended);
        release(text);
        text = longer;
    }
    return text;
}

static void draw_loss_panel(const study_report *r, figure *g, int part, int set, int sets)
{
    char *title = format_text("%s, %s", loss_part[part].title, loss_set_title[set]);
    char *column = format_text("%s_%s", loss_set[set], loss_part[part].column), *about = describe_loss(r, column);
    double low, high;
    loss_range(r, part, 0, sets - 1, &low, &high);
    const int n = epoch_count(r);
    const scale up = scale_over(low, high, 168, 34, 4), across = {1, n > 1 ? n : 2, 1, 56, 282};
    panel_begin(g, 300, 216, title, about);
    svg_text(g->file, 56, 20, "bold", title);
    svg_vertical_axis(g->file, &up, 56, 290);
    svg_count_axis(g->file, &across, n, 176);
    svg_text(g->file, 169, 211, "small middle", "epoch");
    for (int m = MODEL_CONTROL; m < MODEL_COUNT; m++)
        for (int p = 0; losses_of(r, m) != NULL && p <= r->person_count; p++)
            draw_loss_curve(g->file, r, m, p < r->person_count ? p : -1, column, &across, &up);
    panel_end(g);
    release(title);
    release(column);
    release(about);
}

static void draw_losses(const study_report *r, figure *g)
{
    const int sets = has_loss(r, LOSS_TEST) ? 2 : 1;
    g->width = 900;
    g->height = 30 + 216 * sets;
    figure_begin(g, "Loss by epoch", "Generation, classification and total loss of ReAlnet and Control.");
    panel_begin(g, 300, 30, "Key", "ReAlnet: solid lines. Control: dashed lines.");
    draw_legend(g->file, 56, 15, losses_of(r, MODEL_CONTROL) != NULL ? MODEL_CONTROL : MODEL_REALNET, 1);
    panel_end(g);
    g->x = g->width;                                    /* the key has a row to itself */
    for (int set = 0; set < sets; set++)
        for (int part = 0; part < LOSS_PARTS; part++)
            draw_loss_panel(r, g, part, set, sets);
    figure_end(g);
}

/* ---- Figure: RDMs ---- */

/* Each entry's place among all, 0 for the smallest and 255 for the largest dissimilarity; the diagonal is 0. */
static uint8_t *rank_pixels(const report_rdm *d)
{
    const int n = d->M * (d->M - 1) / 2;
    const size_t side = (size_t)d->M;
    double *upper = allocate((size_t)n + 1, sizeof *upper), *rank = allocate((size_t)n + 1, sizeof *rank);
    int32_t *order = allocate((size_t)n + 1, sizeof *order);
    uint8_t *pixels = allocate(side * side, 1);
    rn_upper_triangle(upper, d->rdm, d->M);
    if (n > 0 && rn_ranks(rank, upper, n, order) != RN_OK)
        fail(EXIT_FAILED, d->title, "this RDM holds a NaN (look for an image whose responses are all equal)");
    const double *next = rank;
    for (size_t i = 0; i < side; i++)
        for (size_t j = i + 1; j < side; j++) {
            const double place = n > 1 ? (*next++ - 1) / (n - 1) : 0;
            pixels[i * side + j] = pixels[j * side + i] = (uint8_t)(255 * place + 0.5);
        }
    release(upper);
    release(rank);
    release(order);
    return pixels;
}

static void draw_rdm(figure *g, const report_rdm *d)
{
    char *about = format_text("%d by %d images, dissimilarities as percentiles.", d->M, d->M);
    uint8_t *pixels = rank_pixels(d);
    panel_begin(g, 210, 222, d->title, about);
    svg_text_within(g->file, 105, 15, "middle bold", d->title, 200);
    svg_image(g->file, 5, 24, 200, 190, pixels, d->M, d->M);
    panel_end(g);
    release(pixels);
    release(about);
}

static void draw_colour_bar(figure *g)
{
    uint8_t ramp[256];
    for (int i = 0; i < 256; i++)
        ramp[i] = (uint8_t)i;
    panel_begin(g, 420, 44, "Colour bar", "Dark violet: 0, the most alike. Yellow: 100, the least alike.");
    svg_image(g->file, 5, 4, 410, 14, ramp, 256, 1);
    svg_text(g->file, 5, 36, "small", "0: most alike");
    svg_text(g->file, 210, 36, "small middle", "percentile");
    svg_text(g->file, 415, 36, "small end", "100: least alike");
    panel_end(g);
}

static void draw_rdms(const study_report *r, figure *g)
{
    const int columns = r->rdm_count < 4 ? r->rdm_count : 4, rows = (r->rdm_count + 3) / 4;
    g->width = fmax(210 * columns, 420);
    g->height = 222 * rows + 44;
    figure_begin(g, "Representational dissimilarity matrices", r->rdm_caption);
    for (int i = 0; i < r->rdm_count; i++)
        draw_rdm(g, &r->rdm[i]);
    g->x = g->width;
    draw_colour_bar(g);
    figure_end(g);
}

/* ---- The page ---- */

static const char page_style[] =
    "body{margin:0 auto;max-width:54rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff;"
    "overflow-wrap:break-word}"
    "h1{font-size:1.7rem;line-height:1.2}h2{font-size:1.2rem;margin-top:2.2rem}"
    "figure{margin:1rem 0;break-inside:avoid}figcaption,footer{font-size:.875rem}figcaption{margin-top:.6rem}"
    ".panels{display:grid;gap:.5rem;justify-items:center}.panels svg{width:100%;height:auto}"
    ".loss{grid-template-columns:repeat(3,1fr)}.rdms{grid-template-columns:repeat(4,1fr)}"
    "@media(max-width:42rem){.loss{grid-template-columns:1fr}.rdms{grid-template-columns:1fr 1fr}}"
    ".loss svg:first-child,.rdms svg:last-child{grid-column:1/-1}"
    ".table{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.3rem .8rem;text-align:right;white-space:nowrap}th:first-child{text-align:left}"
    "thead th,tbody tr:last-child{border-bottom:1px solid}tbody tr:last-child>*{border-top:1px solid;font-weight:600}"
    ".sheet{display:flex;flex-wrap:wrap;gap:4px}.sheet img{image-rendering:pixelated}"
    "footer{border-top:1px solid;margin-top:2.5rem;padding-top:.5rem}a{color:inherit}"
    "@media screen and (prefers-color-scheme:dark){body{color:#e8e8e8;background:#16181b}}";

static void write_number(FILE *f, double x)
{
    if (isfinite(x))
        fprintf(f, "%.3f", x);
    else
        fputs("n/a", f);
}

static void write_comparison(FILE *f, const char *lead, const char *rival, const comparison *c)
{
    fprintf(f, "%s above %s in %d of %d cells (mean similarity ", lead, rival, c->above, c->cells);
    write_number(f, c->realnet);
    fputs(" against ", f);
    write_number(f, c->rival);
    fputs(")", f);
}

static const char *verdict(int ahead_of_cornet, int ahead_of_control)
{
    if (ahead_of_cornet && ahead_of_control)
        return "ReAlnet is ahead of both: on these data the training on brain responses brought the model closer to "
               "the brain.";
    if (ahead_of_cornet)
        return "ReAlnet is ahead of CORnet but not of Control: the gain cannot be put down to the brain responses.";
    if (ahead_of_control)
        return "ReAlnet is ahead of Control but not of CORnet: on these data it is no closer to the brain than the "
               "model it began as.";
    return "ReAlnet is ahead of neither: on these data the training on brain responses did not bring the model closer "
           "to the brain.";
}

static void write_summary(FILE *f, const study_report *r)
{
    const comparison cornet = compare(r, MODEL_CORNET), control = compare(r, MODEL_CONTROL);
    const int cells = r->person_count * r->region_count;
    fprintf(f, "<p>CORnet-S was trained further to predict the brain responses of %d %s, one ReAlnet for each. Control "
            "had the same training without the brain responses in its loss. Then the dissimilarity matrices of each "
            "model and each brain were compared on %d held-out images, in %d %s &#215; %d region%s = %d cells. ",
            r->person_count, people(r->person_count), r->test_images, r->person_count, people(r->person_count),
            r->region_count, r->region_count == 1 ? "" : "s", cells);
    write_comparison(f, "<strong>ReAlnet is", "CORnet", &cornet);
    write_comparison(f, ", and", "Control", &control);
    fprintf(f, ".</strong> %s Ahead means: above in more than half of the cells and on average. This is a count, not a "
            "test of significance.%s</p>\n", verdict(ahead(&cornet), ahead(&control)),
            cornet.cells < cells || control.cells < cells ? " Cells in which a model has no value are left out." : "");
}

static void write_framework(FILE *f)
{
    figure g = {f, "framework", 0, 460, 412, 0, 0, 0, 0};
    fputs("<h2>What was trained</h2>\n<figure>\n", f);
    figure_begin(&g, "", "");
    draw_framework(&g);
    figure_end(&g);
    fputs("<figcaption>The person and the model see the same image. The right answer of the classification is the one "
          "that CORnet gave before the training. Each area&#8217;s encoder is a linear layer and a ReLU; a last linear "
          "layer joins the four.</figcaption>\n</figure>\n", f);
}

/* (ReAlnet - X)/X in percent; it has no meaning where X is not above 0. */
static void write_ratio(FILE *f, double realnet, double x)
{
    if (isfinite(realnet) && isfinite(x) && x > 0)
        fprintf(f, "<td>%+.1f %%</td>", 100 * (realnet - x) / x);
    else
        fputs("<td>n/a</td>", f);
}

static void write_table_row(FILE *f, const char *name, const double mean[MODEL_COUNT])
{
    fputs("<tr><th scope=\"row\">", f);
    xml_text(f, name);
    fputs("</th>", f);
    for (int m = 0; m < MODEL_COUNT; m++) {
        fputs("<td>", f);
        write_number(f, mean[m]);
        fputs("</td>", f);
    }
    write_ratio(f, mean[MODEL_REALNET], mean[MODEL_CORNET]);
    write_ratio(f, mean[MODEL_REALNET], mean[MODEL_CONTROL]);
    fputs("</tr>\n", f);
}

static void write_table(FILE *f, const study_report *r)
{
    double all[MODEL_COUNT] = {0, 0, 0};
    fputs("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Similarity by region, numbers\">\n<table>\n"
          "<thead><tr><th scope=\"col\">Region</th><th scope=\"col\">CORnet</th><th scope=\"col\">Control</th>"
          "<th scope=\"col\">ReAlnet</th><th scope=\"col\">gain over CORnet</th>"
          "<th scope=\"col\">gain over Control</th></tr></thead>\n<tbody>\n", f);
    for (int g = 0; g < r->region_count; g++) {
        double mean[MODEL_COUNT];
        for (int m = 0; m < MODEL_COUNT; m++) {
            mean[m] = mean_similarity(r, m, g);
            all[m] += mean[m] / r->region_count;
        }
        write_table_row(f, r->region[g], mean);
    }
    write_table_row(f, "mean", all);
    fputs("</tbody>\n</table>\n</div>\n", f);
}

static void write_similarity(FILE *f, const study_report *r)
{
    figure g = {f, "similarity", 0, 0, 0, 0, 0, 0, 0};
    fputs("<h2>Similarity to the brain</h2>\n<figure>\n", f);
    draw_similarity(r, &g);
    fprintf(f, "<figcaption>Spearman&#8217;s &#961; between the dissimilarity matrices of model and brain, %d held-out "
            "images. Line: mean over %d %s; marks: each person, joined by thin lines. For each region and person it is "
            "the highest over a model&#8217;s areas, found on these same images and for each model apart, so all three "
            "are somewhat high.</figcaption>\n</figure>\n", r->test_images, r->person_count, people(r->person_count));
    write_table(f, r);
    fprintf(f, "<p><small>Means over %d %s. Gain over X: (ReAlnet &#8722; X) / X of the two means, n/a where X is not "
            "above 0. Every area of every person: <a href=\"similarity.csv\">similarity.csv</a>.</small></p>\n",
            r->person_count, people(r->person_count));
}

static void write_losses(FILE *f, const study_report *r)
{
    figure g = {f, "loss", 0, 0, 0, 0, 0, 0, 0};
    fputs("<h2>Training</h2>\n<figure>\n", f);
    draw_losses(r, &g);
    fprintf(f, "<figcaption>Loss by epoch; thick: mean over %d %s; thin: each person. Generation is mean squared error "
            "plus contrast; total is classification + &#946; &#215; generation, &#946; = 0 for Control.%s Settings: ",
            r->person_count, people(r->person_count),
            has_loss(r, LOSS_TEST) ? " Training and test share an axis; test images were not trained on." : "");
    xml_text(f, r->settings);
    fputs(".</figcaption>\n</figure>\n", f);
}

static void write_rdms(FILE *f, const study_report *r)
{
    figure g = {f, "rdms", 0, 0, 0, 0, 0, 0, 0};
    fputs("<h2>Representations</h2>\n<figure>\n", f);
    draw_rdms(r, &g);
    fputs("<figcaption>", f);
    xml_text(f, r->rdm_caption);
    fprintf(f, " Each matrix holds the dissimilarity of each image to each other (%d images), ranked within the "
            "matrix: the rank is all that Spearman&#8217;s &#961; compares.</figcaption>\n</figure>\n", r->rdm[0].M);
}

/* Large images are shrunk: the sheet is for recognising them, and the page should stay small. */
static void write_stimuli(FILE *f, const study_report *r)
{
    enum { STORED = 96, SHOWN = 64 };
    const int full = r->image_size, size = full > STORED ? STORED : full;
    const int shown = size >= SHOWN ? size : SHOWN / size * size;
    uint8_t *small = allocate((size_t)size * (size_t)size, 3);
    fprintf(f, "<h2>Stimuli</h2>\n<figure>\n<div class=\"sheet\" role=\"img\" aria-label=\"%d images\">\n",
            r->image_count);
    for (int i = 0; i < r->image_count; i++) {
        image_resize(small, size, size, r->images + (size_t)i * (size_t)full * (size_t)full * 3, full, full);
        fprintf(f, "<img alt=\"\" width=\"%d\" height=\"%d\" src=\"", shown, shown);
        png_data_uri(f, small, size, size, 3);
        fputs("\">\n", f);
    }
    fprintf(f, "</div>\n<figcaption>%d of the images, %d &#215; %d pixels each.</figcaption>\n</figure>\n",
            r->image_count, full, full);
    release(small);
}

static void write_head(FILE *f, const study_report *r)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>", f);
    xml_text(f, r->title);
    fprintf(f, "</title>\n<style>%s\n%s</style>\n</head>\n<body>\n<main>\n<h1>", page_style, figure_style);
    xml_text(f, r->title);
    fputs("</h1>\n", f);
}

static void write_foot(FILE *f, const study_report *r)
{
    fputs("</main>\n<footer>\n<p>Settings: ", f);
    xml_text(f, r->settings);
    fprintf(f, ". n = %d %s, %d held-out images. realnet %s. Fingerprint of the final weights: <code>%016" PRIx64
            "</code>; the same settings and data give the same one on any machine.</p>\n<p>Beside this page: ",
            r->person_count, people(r->person_count), r->test_images, RN_VERSION, r->fingerprint);
    fputs("<a href=\"similarity.csv\">similarity.csv</a>, <a href=\"similarity.svg\">similarity.svg</a>", f);
    if (has_loss(r, LOSS_TRAIN))
        fputs(", <a href=\"loss.svg\">loss.svg</a>", f);
    if (r->rdm_count > 0)
        fputs(", <a href=\"rdms.svg\">rdms.svg</a>", f);
    fputs(".</p>\n</footer>\n</body>\n</html>\n", f);
}

static void write_page(const char *path, const study_report *r)
{
    output *out = output_open(path);
    FILE *f = output_file(out);
    write_head(f, r);
    write_summary(f, r);
    write_framework(f);
    write_similarity(f, r);
    if (has_loss(r, LOSS_TRAIN))
        write_losses(f, r);
    if (r->rdm_count > 0)
        write_rdms(f, r);
    if (r->image_count > 0)
        write_stimuli(f, r);
    write_foot(f, r);
    output_close(out);
}

/* ---- The files ---- */

/* RFC 4180: in quotes, a quote doubled, where the text holds a comma, a quote or a line end. */
static void write_field(FILE *f, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fprintf(f, "%s,", text);
        return;
    }
    putc('"', f);
    for (; *text != 0; text++) {
        if (*text == '"')
            putc('"', f);
        putc(*text, f);
    }
    fputs("\",", f);
}

/* A row per number; an empty field where there is none. */
static void write_csv(const char *path, const study_report *r)
{
    output *out = output_open(path);
    FILE *f = output_file(out);
    fputs("model,person,region,area,spearman\n", f);
    for (int m = 0; m < MODEL_COUNT; m++)
    for (int p = 0; p < r->person_count; p++)
    for (int g = 0; g < r->region_count; g++)
    for (int a = 0; a < r->area_count; a++) {
        const double x = similarity_at(r, m, p, g, a);
        write_field(f, model_name[m]);
        write_field(f, r->person[p]);
        write_field(f, r->region[g]);
        write_field(f, r->area[a]);
        if (isfinite(x))
            fprintf(f, "%.17g", x);
        putc('\n', f);
    }
    output_close(out);
}

static void write_figure(const char *path, const study_report *r, void (*draw)(const study_report *, figure *))
{
    output *out = output_open(path);
    figure g = {output_file(out), "figure", 1, 0, 0, 0, 0, 0, 0};
    draw(r, &g);
    output_close(out);
}

/* The page comes last, so that it is there only when what it links to is. */
void report_write(const char *path, const study_report *r)
{
    char *folder = parent_folder(path);
    char *csv = join_path(folder, "similarity.csv"), *similarity = join_path(folder, "similarity.svg");
    char *loss = join_path(folder, "loss.svg"), *rdms = join_path(folder, "rdms.svg");
    write_csv(csv, r);
    write_figure(similarity, r, draw_similarity);
    if (has_loss(r, LOSS_TRAIN))
        write_figure(loss, r, draw_losses);
    if (r->rdm_count > 0)
        write_figure(rdms, r, draw_rdms);
    write_page(path, r);
    release(folder);
    release(csv);
    release(similarity);
    release(loss);
    release(rdms);
}
