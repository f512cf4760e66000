/* svg.h: what figures are drawn with: panels, axes, marks, a colour scale and embedded images.
 * A figure is a flow of panels, row by row. In a page every panel is an <svg> of its own, so that panels wrap on a
 * narrow screen; as a file of its own the figure is one <svg> with the panels nested in it. */
#ifndef REALNET_SVG_H
#define REALNET_SVG_H
#include <stdint.h>
#include <stdio.h>

extern const char figure_style[];                       /* the CSS classes that everything here uses */

typedef struct {
    FILE       *file;
    const char *id;                                     /* unique in the page */
    int         alone;                                  /* a file of its own */
    double      width, height;                          /* of the whole figure, when alone */
    double      x, y, row_height;                       /* where the next panel goes, when alone */
    int         panel_count;                            /* so far */
} figure;
/* The caller fills file, id, alone, width, height; the rest is 0. Title and description are for screen readers. */
void figure_begin(figure *g, const char *title, const char *description);
void figure_end(figure *g);
void panel_begin(figure *g, double width, double height, const char *title, const char *description);
void panel_end(figure *g);

/* Text as XML content or attribute: escaped; what is not UTF-8 or not allowed in XML becomes U+FFFD. */
void xml_text(FILE *f, const char *text);

enum { MARK_CIRCLE, MARK_SQUARE, MARK_DIAMOND };
void svg_text(FILE *f, double x, double y, const char *style, const char *text);
/* Smaller where it must be to fit into `room`, and cut with an ellipsis where it would be too small to read. */
void svg_text_within(FILE *f, double x, double y, const char *style, const char *text, double room);
void svg_line(FILE *f, double x0, double y0, double x1, double y1, const char *style);
void svg_arrow(FILE *f, double x0, double y0, double x1, double y1);    /* along one axis, head at the end */
void svg_box(FILE *f, double x, double y, double width, double height);
void svg_curve(FILE *f, const double *x, const double *y, int n, const char *style);    /* gaps where y is not finite */
void svg_mark(FILE *f, int mark, double x, double y, const char *style, const char *hint);      /* hint may be NULL */

/* Values low..high drawn from place `from` to place `to`; ticks stand `step` apart. */
typedef struct { double low, high, step, from, to; } scale;
scale  scale_over(double low, double high, double from, double to, int ticks); /* low, high moved out to whole steps */
double scale_place(const scale *s, double value);
void   svg_vertical_axis(FILE *f, const scale *s, double left, double right);
void   svg_count_axis(FILE *f, const scale *s, int count, double y);    /* ticks at whole numbers from 1 to count */

/* Pixels as an image embedded in the file. channels 3: RGB; 1: 0..255 on the colour scale, dark violet to yellow. */
void png_data_uri(FILE *f, const uint8_t *pixels, int width, int height, int channels);
void svg_image(FILE *f, double x, double y, double width, double height, const uint8_t *pixels, int columns, int rows);
void scale_colour(uint8_t rgb[3], double t);            /* t in 0..1 */

#endif
