/* report.h: one self-contained HTML page with SVG figures, from numbers that a study has computed. */
#ifndef REALNET_REPORT_H
#define REALNET_REPORT_H
#include "cli.h"

enum { MODEL_CORNET, MODEL_CONTROL, MODEL_REALNET, MODEL_COUNT };

typedef struct {                                        /* a loss.csv, read back */
    int     epochs, columns;                            /* columns without `epoch` */
    char  **column;                                     /* "train_loss", ... */
    double *value;                                      /* (epochs, columns) */
} loss_table;
loss_table loss_table_read(const char *path);
void       loss_table_free(loss_table *t);

typedef struct { const char *title; const double *rdm; int M; } report_rdm;        /* rdm (M,M) */

typedef struct {
    const char        *title, *settings;                /* settings: one line, "3 people, beta 40, 10 epochs, ..." */
    int                person_count, region_count, area_count;
    const char *const *person, *const *region, *const *area;
    const double      *similarity;                      /* (MODEL_COUNT, person, region, area): Spearman, held-out images */
    int                test_images;                     /* n of the RSA */
    const loss_table  *realnet_loss, *control_loss;     /* one per person */
    int                rdm_count;
    const report_rdm  *rdm;                             /* shown side by side: a brain region, then the three models */
    const char        *rdm_caption;
    int                image_count, image_size;         /* stimuli to show: rgb (count,size,size,3), may be 0 */
    const uint8_t     *images;
    uint64_t           fingerprint;                     /* of the final weights */
} study_report;
/* Writes PATH (HTML) and beside it similarity.svg, loss.svg, rdms.svg, and similarity.csv with every number of the table. */
void report_write(const char *path, const study_report *r);

#endif
