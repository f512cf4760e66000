/* svg.c: panels, axes, marks, a colour scale and embedded images. See svg.h. */
#include "svg.h"
#include "cli.h"
#include <limits.h>
#include <math.h>
#include <string.h>

/* Model colours are of Okabe and Ito's set, which colour-blind people can tell apart; in the dark its lighter ones. */
const char figure_style[] =
    "svg text{font-family:system-ui,sans-serif;font-size:15px;fill:currentColor}"
    "svg .small{font-size:13px}svg .bold{font-weight:600}svg .middle{text-anchor:middle}svg .end{text-anchor:end}"
    "svg .rule{stroke:currentColor;stroke-opacity:.16}svg .axis{stroke:currentColor;stroke-opacity:.7}"
    "svg .box{fill:currentColor;fill-opacity:.05;stroke:currentColor;stroke-opacity:.7}svg .head{fill:currentColor}"
    "svg .cornet{color:#6e6e6e}svg .control{color:#d55e00}svg .realnet{color:#0072b2}"
    "svg .dot{fill:currentColor;fill-opacity:.75}"
    "svg .link{stroke:currentColor;stroke-opacity:.25;fill:none}"
    "svg .thin{stroke:currentColor;stroke-opacity:.4;fill:none;stroke-linecap:round}"
    "svg .thick{stroke:currentColor;stroke-width:3;fill:none;stroke-linecap:round}"
    "svg .dashed{stroke-dasharray:6 5}svg image{image-rendering:pixelated}"
    "@media screen and (prefers-color-scheme:dark){"
    "svg .cornet{color:#b4b4b4}svg .control{color:#e69f00}svg .realnet{color:#56b4e9}}";

/* A file of its own also needs paper and ink, which the page gives to the figures inside it. */
static const char paper_style[] =
    "svg{color:#1b1b1b}.paper{fill:#fff}"
    "@media screen and (prefers-color-scheme:dark){svg{color:#e8e8e8}.paper{fill:#16181b}}";

/* ---- Text ---- */

/* Bytes of the character at p if it is well-formed UTF-8 and allowed in XML, else 0. */
static int character_length(const unsigned char *p)
{
    if (p[0] < 0x80)
        return p[0] >= 0x20 || p[0] == '\t' || p[0] == '\n' || p[0] == '\r';
    const int length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t code = p[0] & (0xffu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fu);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const int surrogate = code >= 0xd800 && code <= 0xdfff;
    const int known = p[0] >= 0xc0 && p[0] < 0xf8 && code >= least[length] && code <= 0x10ffff;
    return known && !surrogate && code != 0xfffe && code != 0xffff ? length : 0;
}

/* The first `most` characters. */
static void xml_characters(FILE *f, const char *text, int most)
{
    const unsigned char *p = (const unsigned char *)text;
    for (int written = 0; *p != 0 && written < most; written++) {
        const int length = character_length(p);
        switch (*p) {
        case '&':  fputs("&amp;", f); break;
        case '<':  fputs("&lt;", f); break;
        case '>':  fputs("&gt;", f); break;
        case '"':  fputs("&quot;", f); break;
        case '\'': fputs("&#39;", f); break;
        default:
            if (length > 0)
                fwrite(p, 1, (size_t)length, f);
            else
                fputs("&#xfffd;", f);
        }
        p += length > 0 ? length : 1;
    }
}

void xml_text(FILE *f, const char *text)
{
    xml_characters(f, text, INT_MAX);
}

/* ---- Figures and panels ---- */

static void title_and_description(const figure *g, const char *title, const char *description)
{
    fprintf(g->file, "<title id=\"%s-%d-title\">", g->id, g->panel_count);
    xml_text(g->file, title);
    fprintf(g->file, "</title>\n<desc id=\"%s-%d-desc\">", g->id, g->panel_count);
    xml_text(g->file, description);
    fputs("</desc>\n", g->file);
}

static void labelled(const figure *g)
{
    fprintf(g->file, " role=\"img\" aria-labelledby=\"%s-%d-title %s-%d-desc\">\n", g->id, g->panel_count, g->id,
            g->panel_count);
}

void figure_begin(figure *g, const char *title, const char *description)
{
    g->x = g->y = g->row_height = 0;
    g->panel_count = 0;
    if (!g->alone) {
        fprintf(g->file, "<div class=\"panels %s\">\n", g->id);
        return;
    }
    fprintf(g->file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\"",
            g->width, g->height, g->width, g->height);
    labelled(g);
    title_and_description(g, title, description);
    fprintf(g->file, "<style>%s%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n", paper_style,
            figure_style);
}

void figure_end(figure *g)
{
    fputs(g->alone ? "</svg>\n" : "</div>\n", g->file);
}

/* In a page a panel may grow by a quarter over its drawn size and shrink without limit. */
void panel_begin(figure *g, double width, double height, const char *title, const char *description)
{
    if (g->x > 0 && g->x + width > g->width) {
        g->x = 0;
        g->y += g->row_height;
        g->row_height = 0;
    }
    g->panel_count++;
    fprintf(g->file, "<svg viewBox=\"0 0 %.0f %.0f\"", width, height);
    if (g->alone)
        fprintf(g->file, " x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\"", g->x, g->y, width, height);
    else
        fprintf(g->file, " style=\"max-width:%.0fpx\"", 1.25 * width);
    labelled(g);
    title_and_description(g, title, description);
    g->x += width;
    g->row_height = height > g->row_height ? height : g->row_height;
}

void panel_end(figure *g)
{
    fputs("</svg>\n", g->file);
}

/* ---- Marks ---- */

void svg_text(FILE *f, double x, double y, const char *style, const char *text)
{
    fprintf(f, "<text x=\"%.2f\" y=\"%.2f\" class=\"%s\">", x, y, style);
    xml_text(f, text);
    fputs("</text>\n", f);
}

/* A character is taken as 0.6 of the type size wide: the page's font is not known here. */
void svg_text_within(FILE *f, double x, double y, const char *style, const char *text, double room)
{
    const double least = 10, most = 15;
    const int fitting = (int)(room / (0.6 * least));
    int characters = 0;
    for (const char *p = text; *p != 0; p++)
        characters += (*p & 0xc0) != 0x80;
    double size = room / (0.6 * (characters > 0 ? characters : 1));
    size = size < least ? least : size > most ? most : size;
    fprintf(f, "<text x=\"%.2f\" y=\"%.2f\" class=\"%s\" style=\"font-size:%.2fpx\">", x, y, style, size);
    xml_characters(f, text, characters > fitting ? fitting - 1 : characters);
    fputs(characters > fitting ? "\xe2\x80\xa6</text>\n" : "</text>\n", f);
}

void svg_line(FILE *f, double x0, double y0, double x1, double y1, const char *style)
{
    fprintf(f, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" class=\"%s\"/>\n", x0, y0, x1, y1, style);
}

void svg_arrow(FILE *f, double x0, double y0, double x1, double y1)
{
    const double right = x1 > x0 ? 7 : x1 < x0 ? -7 : 0, down = y1 > y0 ? 7 : y1 < y0 ? -7 : 0;
    svg_line(f, x0, y0, x1 - right, y1 - down, "axis");
    fprintf(f, "<path class=\"head\" d=\"M%.2f %.2fL%.2f %.2fL%.2f %.2fZ\"/>\n", x1, y1, x1 - right - down / 2,
            y1 - down - right / 2, x1 - right + down / 2, y1 - down + right / 2);
}

void svg_box(FILE *f, double x, double y, double width, double height)
{
    fprintf(f, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" rx=\"4\" class=\"box\"/>\n", x, y, width,
            height);
}

/* The h0 after each start makes a lone point visible as a dot, through the round line ends. */
void svg_curve(FILE *f, const double *x, const double *y, int n, const char *style)
{
    int drawing = 0;
    fprintf(f, "<path class=\"%s\" d=\"", style);
    for (int i = 0; i < n; i++) {
        if (isfinite(y[i]))
            fprintf(f, drawing ? "L%.2f %.2f" : "M%.2f %.2fh0", x[i], y[i]);
        drawing = isfinite(y[i]) != 0;
    }
    fputs("\"/>\n", f);
}

void svg_mark(FILE *f, int mark, double x, double y, const char *style, const char *hint)
{
    const double r = 5;
    if (mark == MARK_CIRCLE)
        fprintf(f, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" class=\"%s\">", x, y, r, style);
    else if (mark == MARK_SQUARE)
        fprintf(f, "<path d=\"M%.2f %.2fh%.2fv%.2fh%.2fZ\" class=\"%s\">", x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r,
                -1.8 * r, style);
    else
        fprintf(f, "<path d=\"M%.2f %.2fl%.2f %.2fl%.2f %.2fl%.2f %.2fZ\" class=\"%s\">", x, y - 1.3 * r, 1.3 * r,
                1.3 * r, -1.3 * r, 1.3 * r, -1.3 * r, -1.3 * r, style);
    if (hint != NULL) {
        fputs("<title>", f);
        xml_text(f, hint);
        fputs("</title>", f);
    }
    fputs(mark == MARK_CIRCLE ? "</circle>\n" : "</path>\n", f);
}

/* ---- Axes ---- */

#define LARGEST 1e30                                    /* beyond it nothing is drawn in scale */

/* The smallest of 1, 2, 5 times a power of ten that is at least `least`. */
static double round_step(double least)
{
    double power = 1;
    while (power > least)
        power /= 10;
    while (power * 10 <= least)
        power *= 10;
    const double times = least / power;
    return times <= 1 ? power : times <= 2 ? 2 * power : times <= 5 ? 5 * power : 10 * power;
}

scale scale_over(double low, double high, double from, double to, int ticks)
{
    low = low < -LARGEST ? -LARGEST : low;
    high = high > LARGEST ? LARGEST : high;
    if (!(high - low > 1e-6 * (fabs(low) + fabs(high))))
        high = low + (low != 0 ? fabs(low) : 1);
    const double step = round_step((high - low) / ticks);
    scale s = {step * floor(low / step), -step * floor(-high / step), step, from, to};
    return s;
}

double scale_place(const scale *s, double value)
{
    return s->from + (value - s->low) / (s->high - s->low) * (s->to - s->from);
}

void svg_vertical_axis(FILE *f, const scale *s, double left, double right)
{
    int digits = 0;
    for (double unit = s->step; unit < 0.99 && digits < 9; unit *= 10)
        digits++;
    const int ticks = (int)floor((s->high - s->low) / s->step + 0.5);
    for (int i = 0; i <= ticks; i++) {
        const double value = s->low + i * s->step, y = scale_place(s, value);
        const int zero = fabs(value) < s->step / 2;
        char label[64];
        snprintf(label, sizeof label, s->step < 1e5 ? "%.*f" : "%.*e", digits, zero ? 0.0 : value);
        svg_line(f, left, y, right, y, zero ? "axis" : "rule");
        svg_text(f, left - 6, y + 5, "small end", label);
    }
}

void svg_count_axis(FILE *f, const scale *s, int count, double y)
{
    const int step = (int)round_step(count > 5 ? count / 5.0 : 1);
    svg_line(f, s->from, y, s->to, y, "axis");
    for (int i = 1; i <= count; i = i == 1 && step > 1 ? step : i + step) {
        char label[16];
        snprintf(label, sizeof label, "%d", i);
        svg_line(f, scale_place(s, i), y, scale_place(s, i), y + 4, "axis");
        svg_text(f, scale_place(s, i), y + 18, "small middle", label);
    }
}

/* ---- Colour ---- */

static double gamma_of_light(double light)
{
    light = light < 0 ? 0 : light > 1 ? 1 : light;
    return light <= 0.0031308 ? 12.92 * light : 1.055 * rn_exp(rn_log(light) / 2.4) - 0.055;
}

/* A path through Ottosson's OKLab space: lightness rises evenly, so that the order is seen without hue (and in grey
 * print), while the hue runs from violet over blue and green to yellow. */
void scale_colour(uint8_t rgb[3], double t)
{
    const double pi = 3.14159265358979;
    const double lightness = 0.27 + 0.64 * t, hue = (305 - 205 * t) * pi / 180;
    const double chroma = 0.095 + 0.2 * (t - 0.42) * (t - 0.42);    /* as much as sRGB holds: nowhere clipped */
    const double a = chroma * rn_cos(hue), b = chroma * rn_sin(hue);
    const double l = lightness + 0.3963377774 * a + 0.2158037573 * b;
    const double m = lightness - 0.1055613458 * a - 0.0638541728 * b;
    const double s = lightness - 0.0894841775 * a - 1.2914855480 * b;
    const double cone[3] = {l * l * l, m * m * m, s * s * s};
    static const double light[3][3] = {{4.0767416621, -3.3077115913, 0.2309699292},
                                       {-1.2684380046, 2.6097574011, -0.3413193965},
                                       {-0.0041960863, -0.7034186147, 1.7076147010}};
    for (int c = 0; c < 3; c++) {
        const double sum = light[c][0] * cone[0] + light[c][1] * cone[1] + light[c][2] * cone[2];
        rgb[c] = (uint8_t)(255 * gamma_of_light(sum) + 0.5);
    }
}

/* ---- Images: PNG with stored (not compressed) data, in base64 ---- */

typedef struct { uint8_t *byte; size_t count; } bytes;

static void put(bytes *b, const void *data, size_t count)
{
    memcpy(b->byte + b->count, data, count);
    b->count += count;
}

static void put_big_endian(bytes *b, uint32_t value)
{
    const uint8_t byte[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    put(b, byte, 4);
}

static uint32_t crc32_of(const uint8_t *byte, size_t count)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < count; i++) {
        crc ^= byte[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static uint32_t adler32_of(const uint8_t *byte, size_t count)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < count; i++) {
        a = (a + byte[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void put_chunk(bytes *png, const char *type, const uint8_t *data, size_t count)
{
    put_big_endian(png, (uint32_t)count);
    put(png, type, 4);
    put(png, data, count);
    put_big_endian(png, crc32_of(png->byte + png->count - count - 4, count + 4));
}

#define STORED_MAX ((size_t)65535)                      /* bytes in a stored block of deflate */

/* The rows, a filter byte 0 before each, as a zlib stream of stored blocks. */
static bytes zlib_stored_rows(const uint8_t *pixels, size_t row, size_t rows)
{
    const size_t total = (row + 1) * rows;
    uint8_t *raw = allocate(total, 1);
    for (size_t y = 0; y < rows; y++)
        memcpy(raw + y * (row + 1) + 1, pixels + y * row, row);
    bytes z = {allocate(total + 5 * (total / STORED_MAX + 1) + 6, 1), 0};
    put(&z, "\x78\x01", 2);
    for (size_t at = 0; at < total; at += STORED_MAX) {
        const size_t count = total - at < STORED_MAX ? total - at : STORED_MAX;
        const uint8_t head[5] = {at + count == total, (uint8_t)count, (uint8_t)(count >> 8), (uint8_t)~count,
                                 (uint8_t)(~count >> 8)};
        put(&z, head, 5);
        put(&z, raw + at, count);
    }
    put_big_endian(&z, adler32_of(raw, total));
    release(raw);
    return z;
}

static void write_base64(FILE *f, const uint8_t *byte, size_t count)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        const uint32_t second = i + 1 < count ? byte[i + 1] : 0, third = i + 2 < count ? byte[i + 2] : 0;
        const uint32_t word = (uint32_t)byte[i] << 16 | second << 8 | third;
        putc(digit[word >> 18], f);
        putc(digit[word >> 12 & 63], f);
        putc(i + 1 < count ? digit[word >> 6 & 63] : '=', f);
        putc(i + 2 < count ? digit[word & 63] : '=', f);
    }
}

void png_data_uri(FILE *f, const uint8_t *pixels, int width, int height, int channels)
{
    uint8_t palette[256][3], format[5] = {8, channels == 3 ? 2 : 3, 0, 0, 0};
    for (int i = 0; i < 256; i++)
        scale_colour(palette[i], i / 255.0);
    bytes data = zlib_stored_rows(pixels, (size_t)width * (size_t)channels, (size_t)height);
    bytes png = {allocate(data.count + sizeof palette + 128, 1), 0}, header = {(uint8_t[13]){0}, 0};
    put(&png, "\x89PNG\r\n\x1a\n", 8);
    put_big_endian(&header, (uint32_t)width);
    put_big_endian(&header, (uint32_t)height);
    put(&header, format, 5);
    put_chunk(&png, "IHDR", header.byte, header.count);
    if (channels == 1)
        put_chunk(&png, "PLTE", palette[0], sizeof palette);
    put_chunk(&png, "IDAT", data.byte, data.count);
    put_chunk(&png, "IEND", header.byte, 0);
    fputs("data:image/png;base64,", f);
    write_base64(f, png.byte, png.count);
    release(png.byte);
    release(data.byte);
}

void svg_image(FILE *f, double x, double y, double width, double height, const uint8_t *pixels, int columns, int rows)
{
    fprintf(f, "<image x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" preserveAspectRatio=\"none\" href=\"", x, y,
            width, height);
    png_data_uri(f, pixels, columns, rows, 1);
    fputs("\"/>\n", f);
}
