/* The loops of the machine's operations: strands.c includes this once, behind program.h.
 *
 * The bits are those of the steps on columns (evaluate/steps.py): each operation is the same IEEE
 * operations in the same order, compiled with no contraction and nothing reordered. A number that is
 * not finite is missing, and missing is one pattern of bits; a truth is -1, 0 or 1; a code that is
 * missing is -1.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if defined(_MSC_VER)
#define RESTRICT __restrict
#define INLINE static __forceinline
#else
#define RESTRICT restrict
#define INLINE static inline __attribute__((always_inline))
#endif

/* Before a loop whose columns are the same or apart, never shifted into each other. */
#if defined(__clang__)
#define COLUMNS_APART _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define COLUMNS_APART _Pragma("GCC ivdep")
#else
#define COLUMNS_APART
#endif

/* Where the processor may have wider vectors, the same loops are compiled for them as well. */
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define WIDER_LOOPS __attribute__((target("avx2,bmi,bmi2")))
#define HAS_WIDER                                                                                  \
    (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&                            \
     __builtin_cpu_supports("bmi2"))
#else
#define WIDER_LOOPS
#define HAS_WIDER 0
#endif

struct ring {
    double *base;
    Py_ssize_t lag, room, at;
};

struct run {
    const Machine *machine;
    char **places;      /* of each register's rows of the chunk */
    double *kept;       /* remembered numbers */
    int64_t *counts;    /* remembered counts */
    struct ring *rings;
    double *seconds;    /* of each instruction, where they are asked for */
    double *spare[SPARE];
};

#define EACH for (Py_ssize_t i = 0; i < rows; i++)

INLINE double settled(double value) { return value - value == 0.0 ? value : NAN; }

/* One more. What is remembered is given from outside: the greatest number of all wraps around. */
INLINE int64_t after(int64_t count) { return (int64_t)((uint64_t)count + 1); }

/* The rows of a chunk behind those that the ring remembers: as many are before what is returned. */
INLINE double *appended(struct ring *ring, const double *values, Py_ssize_t rows)
{
    if (ring->at + ring->lag + rows > ring->room) {
        memmove(ring->base, ring->base + ring->at, (size_t)ring->lag * sizeof(double));
        ring->at = 0;
    }
    double *place = ring->base + ring->at + ring->lag;
    memcpy(place, values, (size_t)rows * sizeof(double));
    ring->at += rows;
    return place;
}

/* A recursive average of a known value, begun with the mean of the first so many. It is NaN until
 * then: kernels/recurrence.py. */
INLINE double smoothed(double value, double new, double old, double n, double *state, double *total,
                       int64_t *count)
{
    if (*state == *state)
        return *state = new * value + old * *state;
    *count = after(*count);
    *total += value;
    if ((double)*count == n)
        *state = *total / n;
    return *state;
}

enum combination { SUM, LEAST, GREATEST };

INLINE double combined(double older, double newer, enum combination how)
{
    switch (how) {
    case SUM:
        return older + newer;
    case LEAST:
        return older <= newer || older != older ? older : newer;
    default:
        return older >= newer || older != older ? older : newer;
    }
}

/* Combinations of the last n rows by the doubling tree of kernels/trees.py. */
INLINE void window(struct run *run, double *RESTRICT out, const double *values, int32_t n,
                   struct ring *ring, enum combination how, Py_ssize_t rows)
{
    const double *power = values, *total = NULL;
    Py_ssize_t size = 1, covered = 0;
    for (;;) {
        const int use = (n & size) != 0;
        const int grow = covered + (use ? size : 0) < n;
        if (grow || (use && covered))
            power = appended(ring++, power, rows);
        if (use) {
            if (covered) {
                const double *older = power - covered;
                double *RESTRICT into = run->spare[total == run->spare[0]];
                EACH into[i] = combined(older[i], total[i], how);
                total = into;
            } else
                total = power;
            covered += size;
        }
        if (!grow)
            break;
        const double *older = power - size;
        double *RESTRICT into = run->spare[2];
        EACH into[i] = combined(older[i], power[i], how);
        power = into;
        size *= 2;
    }
    memcpy(out, total, (size_t)rows * sizeof(double));
}

enum merge { MOMENTS, WEIGHTED, PRODUCTS };

/* How many columns each merges. */
static const int MERGED[] = {2, 2, 5};

/* Into `into`: what is known of the `size` rows that end `back` rows ago, and of the `covered` rows
 * behind them, together, in the order of kernels/windows.py. `into` may be `newer`. Means, sums of
 * squared deviations and of products of these are merged by the formula of Chan, Golub and LeVeque
 * (1979); sums, and sums weighted by their places, are added. */
INLINE void merged(enum merge how, double **into, const double **older, const double **newer,
                   Py_ssize_t size, Py_ssize_t covered, Py_ssize_t rows)
{
    const double a = (double)size, b = (double)covered;
    const double share = b / (a + b), weight = a * b / (a + b);
    const double *x0 = older[0] - covered, *xx0 = older[1] - covered;
    const double *x1 = newer[0], *xx1 = newer[1];
    double *x = into[0], *xx = into[1];
    if (how == WEIGHTED) {
        COLUMNS_APART
        EACH {
            const double weights = xx0[i] + (xx1[i] + x1[i] * a);
            x[i] = x0[i] + x1[i];
            xx[i] = weights;
        }
    } else if (how == MOMENTS) {
        COLUMNS_APART
        EACH {
            const double apart = x1[i] - x0[i];
            const double squares = (xx0[i] + xx1[i]) + (apart * apart) * weight;
            x[i] = x0[i] + apart * share;
            xx[i] = squares;
        }
    } else {
        const double *y0 = older[2] - covered, *yy0 = older[3] - covered, *xy0 = older[4] - covered;
        const double *y1 = newer[2], *yy1 = newer[3], *xy1 = newer[4];
        double *y = into[2], *yy = into[3], *xy = into[4];
        COLUMNS_APART
        EACH {
            const double apart = x1[i] - x0[i], other = y1[i] - y0[i];
            const double squares = (xx0[i] + xx1[i]) + (apart * apart) * weight;
            const double others = (yy0[i] + yy1[i]) + (other * other) * weight;
            const double products = (xy0[i] + xy1[i]) + (apart * other) * weight;
            x[i] = x0[i] + apart * share;
            y[i] = y0[i] + other * share;
            xx[i] = squares;
            yy[i] = others;
            xy[i] = products;
        }
    }
}

/* As `window`, of several columns that are merged together. What is known of each row stands behind
 * the first MOST_COLUMNS of the spare columns; what is found of each window, in these. */
INLINE void window_columns(struct run *run, enum merge how, int32_t n, struct ring *ring,
                           Py_ssize_t rows)
{
    double **total = run->spare, **power = run->spare + MOST_COLUMNS;
    Py_ssize_t size = 1, covered = 0;
    for (;;) {
        const int use = (n & size) != 0;
        const int grow = covered + (use ? size : 0) < n;
        const double *own[MOST_COLUMNS];
        for (int column = 0; column < MERGED[how]; column++)
            own[column] = grow || (use && covered) ? appended(ring++, power[column], rows)
                                                   : power[column];
        if (use) {
            if (covered)
                merged(how, total, own, (const double **)total, size, covered, rows);
            else
                for (int column = 0; column < MERGED[how]; column++)
                    memcpy(total[column], own[column], (size_t)rows * sizeof(double));
            covered += size;
        }
        if (!grow)
            return;
        merged(how, power, own, own, size, size, rows);
        size *= 2;
    }
}

/* How many of the last n values are at most the present one, as a share: kernels/ranks.py. */
INLINE void window_rank(double *RESTRICT out, const double *values, int32_t n, struct ring *ring,
                        Py_ssize_t rows)
{
    const double *place = appended(ring, values, rows) - (n - 1);
    Py_ssize_t known = 0; /* values on end */
    for (Py_ssize_t i = 0; i < n - 1; i++)
        known = place[i] == place[i] ? known + 1 : 0;
    EACH {
        const double *RESTRICT window = place + i;
        const double present = window[n - 1];
        int64_t count = 0;
        known = present == present ? known + 1 : 0;
        for (int32_t earlier = 0; earlier < n; earlier++)
            count += window[earlier] <= present;
        out[i] = known >= n ? (double)count / n : NAN;
    }
}

INLINE void averages(double *RESTRICT out, const double *values, double n, double new, double old,
                     double *kept, int64_t *count, Py_ssize_t rows)
{
    double state = kept[0], total = kept[1];
    int64_t seen = count[0];
    EACH {
        const double value = values[i];
        out[i] = value == value
                     ? settled(smoothed(value, new, old, n, &state, &total, &seen))
                     : NAN;
    }
    kept[0] = state;
    kept[1] = total;
    count[0] = seen;
}

enum line { LINE, SIGNAL, HISTOGRAM };

/* `weights` are the rows, the new share and the old one of the fast, slow and signal averages. */
INLINE void macd(double *RESTRICT out, const double *values, const double weights[9], int32_t what,
                 double *kept, int64_t *count, Py_ssize_t rows)
{
    double fast = kept[0], slow = kept[1], signal = kept[2];
    double totals[3] = {kept[3], kept[4], kept[5]};
    int64_t seen[3] = {count[0], count[1], count[2]};
    EACH {
        const double value = values[i];
        double found = NAN;
        if (value == value) {
            const double quick = smoothed(value, weights[1], weights[2], weights[0], &fast,
                                          &totals[0], &seen[0]);
            const double late = smoothed(value, weights[4], weights[5], weights[3], &slow,
                                         &totals[1], &seen[1]);
            found = quick - late;
            if (what != LINE && found == found) {
                const double smooth = smoothed(found, weights[7], weights[8], weights[6], &signal,
                                               &totals[2], &seen[2]);
                found = what == HISTOGRAM ? found - smooth : smooth;
            }
        }
        out[i] = settled(found);
    }
    kept[0] = fast;
    kept[1] = slow;
    kept[2] = signal;
    for (int part = 0; part < 3; part++) {
        kept[3 + part] = totals[part];
        count[part] = seen[part];
    }
}

/* Wilder's relative strength: kernels/averages.py. `kept` is the value before, then gain and loss. */
INLINE void strength(double *RESTRICT out, const double *values, double n, double new, double old,
                     double *kept, int64_t *count, Py_ssize_t rows)
{
    double before = kept[0], gain = kept[1], loss = kept[2];
    double totals[2] = {kept[3], kept[4]};
    int64_t seen[2] = {count[0], count[1]};
    EACH {
        const double value = values[i];
        double found = NAN;
        if (value == value) {
            if (before == before) {
                const double change = value - before;
                const double rise = change > 0.0 ? change : 0.0;
                const double fall = rise - change;
                const double up = smoothed(rise, new, old, n, &gain, &totals[0], &seen[0]);
                const double down = smoothed(fall, new, old, n, &loss, &totals[1], &seen[1]);
                const double whole = up + down;
                found = whole != 0.0 ? up / whole * 100.0 : 50.0;
            }
            before = value;
        }
        out[i] = settled(found);
    }
    kept[0] = before;
    kept[1] = gain;
    kept[2] = loss;
    kept[3] = totals[0];
    kept[4] = totals[1];
    count[0] = seen[0];
    count[1] = seen[1];
}

/* The range from the close before: NaN on the first known row of all, and where one is missing. */
INLINE void true_range(double *RESTRICT out, const double *high, const double *low,
                       const double *close, double *kept, Py_ssize_t rows)
{
    double before = kept[0];
    EACH {
        double found = NAN;
        if (high[i] == high[i] && low[i] == low[i] && close[i] == close[i]) {
            if (before == before)
                found = combined(high[i], before, GREATEST) - combined(low[i], before, LEAST);
            before = close[i];
        }
        out[i] = found;
    }
    kept[0] = before;
}

/* A table between its points, flat beyond the ends: evaluate/interpolation.py. */
INLINE void interpolated(double *RESTRICT out, const double *values, const double *points,
                         int32_t count, Py_ssize_t rows)
{
    const double *slopes = points + count, *heights = slopes + count;
    const double least = points[0], most = points[count - 1];
    int32_t place[CHUNK];
    EACH {
        /* What is no number stays none: neither comparison holds. */
        const double value = values[i] < least ? least : values[i];
        out[i] = value > most ? most : value;
        place[i] = 0;
    }
    for (int32_t point = 1; point < count; point++) {
        const double edge = points[point];
        EACH place[i] += out[i] >= edge;
    }
    EACH {
        const int32_t at = place[i];
        out[i] = slopes[at] * (out[i] - points[at]) + heights[at];
        out[i] = values[i] == values[i] ? out[i] : NAN;
    }
}

INLINE void lasting(int8_t *RESTRICT out, const int8_t *values, int64_t n, int64_t *count,
                    Py_ssize_t rows)
{
    /* Rows on end that are not false, and that are true; before the first row nothing is known. */
    int64_t not_false = count[0], known = count[1];
    EACH {
        const int8_t value = values[i];
        not_false = after(not_false) & -(int64_t)(value >= 0);
        known = after(known) & -(int64_t)(value != 0);
        out[i] = (int8_t)((known >= n) - (not_false < n) - ((not_false < n) & (known >= n)));
    }
    count[0] = not_false;
    count[1] = known;
}

INLINE void latched(int8_t *RESTRICT out, const int8_t *begin, const int8_t *end, int64_t *count,
                    Py_ssize_t rows)
{
    int8_t state = (int8_t)count[0];
    EACH {
        const int8_t most = (int8_t)-end[i];
        state = begin[i] > state ? begin[i] : state;
        state = most < state ? most : state;
        out[i] = state;
    }
    count[0] = state;
}

INLINE void crossed(int8_t *RESTRICT out, const double *a, const double *b, int64_t *count,
                    Py_ssize_t rows)
{
    int8_t before = (int8_t)count[0];
    EACH {
        const int8_t now = (int8_t)((a[i] > b[i]) - (a[i] <= b[i]));
        out[i] = now < before ? now : before;
        before = (int8_t)-now;
    }
    count[0] = before;
}

/* `EXPRESSION` of a and b, of which either may be a constant. */
#define BINARY(TYPE, EXPRESSION)                                                                   \
    {                                                                                              \
        TYPE *RESTRICT out = filled;                                                               \
        const double *left = first, *right = second;                                               \
        if (registers[word[3]].kind == CONSTANT) {                                                 \
            const double a = left[0];                                                              \
            EACH { const double b = right[i]; out[i] = (TYPE)(EXPRESSION); }                       \
        } else if (registers[word[4]].kind == CONSTANT) {                                          \
            const double b = right[0];                                                             \
            EACH { const double a = left[i]; out[i] = (TYPE)(EXPRESSION); }                        \
        } else                                                                                     \
            EACH { const double a = left[i], b = right[i]; out[i] = (TYPE)(EXPRESSION); }          \
        break;                                                                                     \
    }

/* How many of four edges a value has passed, counted as it is compared: in doubles, without a change of
 * width for each edge. */
#define PASSED(value)                                                                              \
    (((value) >= w ? 1.0 : 0.0) + ((value) >= x ? 1.0 : 0.0) + ((value) >= y ? 1.0 : 0.0) +        \
     ((value) >= z ? 1.0 : 0.0))

/* Truths of two columns' rows: 1 where the comparison holds, -1 where its opposite does, 0 where a side
 * is missing. What compilers make of it takes twice the time: they pack each comparison by itself.
 * Thirty-two rows at a time; how many rows are done. A step of 0 reads the same four numbers. */
#if defined(__x86_64__) && defined(__GNUC__)
#define TRUTHS(NAME, HOLDS, FAILS)                                                                 \
    WIDER_LOOPS static inline __m256i NAME##_of_eight(const double *left, Py_ssize_t left_step,    \
                                                      const double *right, Py_ssize_t right_step)  \
    {                                                                                              \
        __m256 halves[2];                                                                          \
        for (int half = 0; half < 2; half++) {                                                     \
            const __m256d a = _mm256_loadu_pd(left + half * left_step);                            \
            const __m256d b = _mm256_loadu_pd(right + half * right_step);                          \
            const __m256i holds = _mm256_castpd_si256(_mm256_cmp_pd(a, b, HOLDS));                 \
            const __m256i fails = _mm256_castpd_si256(_mm256_cmp_pd(a, b, FAILS));                 \
            halves[half] = _mm256_castsi256_ps(_mm256_sub_epi64(fails, holds));                    \
        }                                                                                          \
        /* The lower words of each: two rows of the first, two of the second, in either lane. */   \
        return _mm256_castps_si256(_mm256_shuffle_ps(halves[0], halves[1], 0x88));                 \
    }                                                                                              \
    WIDER_LOOPS static Py_ssize_t NAME##_wider(const double *left, Py_ssize_t left_step,           \
                                               const double *right, Py_ssize_t right_step,         \
                                               int8_t *out, Py_ssize_t rows)                       \
    {                                                                                              \
        Py_ssize_t done = 0;                                                                       \
        for (; done + 32 <= rows; done += 32) {                                                    \
            __m256i eights[4];                                                                     \
            for (int part = 0; part < 4; part++) {                                                 \
                eights[part] = NAME##_of_eight(left, left_step, right, right_step);                \
                left += 2 * left_step;                                                             \
                right += 2 * right_step;                                                           \
            }                                                                                      \
            const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(eights[0], eights[1]),     \
                                                     _mm256_packs_epi32(eights[2], eights[3]));    \
            /* Rows 0 and 1 of every four are in the lower lane, 2 and 3 in the upper. */          \
            const __m128i lower = _mm256_castsi256_si128(bytes);                                   \
            const __m128i upper = _mm256_extracti128_si256(bytes, 1);                              \
            _mm_storeu_si128((__m128i *)(out + done), _mm_unpacklo_epi16(lower, upper));           \
            _mm_storeu_si128((__m128i *)(out + done + 16), _mm_unpackhi_epi16(lower, upper));      \
        }                                                                                          \
        return done;                                                                               \
    }
#else
#define TRUTHS(NAME, HOLDS, FAILS)                                                                 \
    static Py_ssize_t NAME##_wider(const double *left, Py_ssize_t left_step, const double *right,  \
                                   Py_ssize_t right_step, int8_t *out, Py_ssize_t rows)            \
    {                                                                                              \
        (void)left, (void)left_step, (void)right, (void)right_step, (void)out, (void)rows;         \
        return 0;                                                                                  \
    }
#endif

TRUTHS(less, _CMP_LT_OQ, _CMP_GE_OQ)
TRUTHS(less_equal, _CMP_LE_OQ, _CMP_GT_OQ)
TRUTHS(greater, _CMP_GT_OQ, _CMP_LE_OQ)
TRUTHS(greater_equal, _CMP_GE_OQ, _CMP_LT_OQ)
TRUTHS(equal, _CMP_EQ_OQ, _CMP_NEQ_OQ)
TRUTHS(not_equal, _CMP_NEQ_OQ, _CMP_EQ_OQ)

/* Truths of a and b, of which either may be a constant. Compilers pack numbers into truths better by
 * way of a width between. */
#define COMPARE(NAME, EXPRESSION)                                                                  \
    {                                                                                              \
        int32_t wide[CHUNK];                                                                       \
        int8_t *RESTRICT out = filled;                                                             \
        const double *left = first, *right = second;                                               \
        if (wider) {                                                                               \
            const int one = registers[word[3]].kind == CONSTANT;                                   \
            const int other = registers[word[4]].kind == CONSTANT;                                 \
            const double same[4] = {one ? *left : *right, one ? *left : *right,                    \
                                    one ? *left : *right, one ? *left : *right};                   \
            const Py_ssize_t done = NAME##_wider(one ? same : left, one ? 0 : 4,                   \
                                                 other ? same : right, other ? 0 : 4, out, rows);  \
            out += done;                                                                           \
            left += one ? 0 : done;                                                                \
            right += other ? 0 : done;                                                             \
            rows -= done;                                                                          \
        }                                                                                          \
        if (registers[word[3]].kind == CONSTANT) {                                                 \
            const double a = left[0];                                                              \
            EACH { const double b = right[i]; wide[i] = (EXPRESSION); }                            \
        } else if (registers[word[4]].kind == CONSTANT) {                                          \
            const double b = right[0];                                                             \
            EACH { const double a = left[i]; wide[i] = (EXPRESSION); }                             \
        } else                                                                                     \
            EACH { const double a = left[i], b = right[i]; wide[i] = (EXPRESSION); }               \
        EACH out[i] = (int8_t)wide[i];                                                             \
        break;                                                                                     \
    }

/* `EXPRESSION` of a, of type FROM. */
#define UNARY(TYPE, FROM, EXPRESSION)                                                              \
    {                                                                                              \
        TYPE *RESTRICT out = filled;                                                               \
        const FROM *values = first;                                                                \
        EACH { const FROM a = values[i]; out[i] = (TYPE)(EXPRESSION); }                            \
        break;                                                                                     \
    }

/* `EXPRESSION` of a and b, of types FROM and OTHER. */
#define MIXED(TYPE, FROM, OTHER, EXPRESSION)                                                       \
    {                                                                                              \
        TYPE *RESTRICT out = filled;                                                               \
        const FROM *left = first;                                                                  \
        const OTHER *right = second;                                                               \
        EACH { const FROM a = left[i]; const OTHER b = right[i]; out[i] = (TYPE)(EXPRESSION); }    \
        break;                                                                                     \
    }

/* A choice between the columns third and fourth, of one type, by a truth. */
#define WHERE(TYPE, MISSING)                                                                       \
    {                                                                                              \
        TYPE *RESTRICT out = filled;                                                               \
        const int8_t *truth = first;                                                               \
        const TYPE *then = second, *otherwise = third;                                             \
        EACH {                                                                                     \
            const TYPE one = then[i], other = otherwise[i];                                        \
            const TYPE found = truth[i] < 0 ? other : (MISSING);                                   \
            out[i] = truth[i] > 0 ? one : found;                                                   \
        }                                                                                          \
        break;                                                                                     \
    }

/* The third column where the code is a number, else the first. */
#define PICK(TYPE)                                                                                 \
    {                                                                                              \
        TYPE *RESTRICT out = filled;                                                               \
        const TYPE *other = first, *option = third;                                                \
        const int32_t *code = second, wanted = word[6];                                            \
        EACH out[i] = code[i] == wanted ? option[i] : other[i];                                    \
        break;                                                                                     \
    }

/* A table's entry at a code; the last one where the code is none of the others. */
#define LOOK_UP(TYPE, TABLE, FROM)                                                                 \
    {                                                                                              \
        TYPE *RESTRICT out = filled;                                                               \
        const FROM *code = first;                                                                  \
        const uint32_t last = (uint32_t)word[5] - 1;                                               \
        EACH {                                                                                     \
            const uint32_t at = (uint32_t)(int32_t)code[i];                                        \
            out[i] = (TYPE)(TABLE)[word[4] + (int32_t)(at < last ? at : last)];                    \
        }                                                                                          \
        break;                                                                                     \
    }

INLINE void operate(struct run *run, const int32_t *word, Py_ssize_t rows, int wider)
{
    const Machine *machine = run->machine;
    const struct register_ *registers = machine->registers;
    const double *numbers = machine->numbers;
    const int32_t *integers = machine->integers;
    const int operands = OPERANDS[word[0]];
    void *filled = run->places[word[2]];
    const void *first = run->places[word[3]];
    const void *second = operands > 1 ? run->places[word[4]] : NULL;
    const void *third = operands > 2 ? run->places[word[5]] : NULL;

    switch ((enum operation)word[0]) {
    case op_add: BINARY(double, settled(a + b))
    case op_subtract: BINARY(double, settled(a - b))
    case op_multiply: BINARY(double, settled(a * b))
    case op_divide: BINARY(double, settled(a / b))
    case op_least: BINARY(double, combined(a, b, LEAST))
    case op_greatest: BINARY(double, combined(a, b, GREATEST))
    case op_negative: UNARY(double, double, -a)
    case op_absolute: UNARY(double, double, settled(fabs(a)))
    case op_root: UNARY(double, double, settled(sqrt(a)))
    case op_round: UNARY(double, double, settled(rint(a * 1e12) / 1e12))
    case op_settle: UNARY(double, double, settled(a))
    case op_copy: UNARY(double, double, a)
    case op_copy_truth: UNARY(int8_t, int8_t, a)
    case op_copy_code: UNARY(int32_t, int32_t, a)
    /* Of two opposite comparisons at most one holds: neither, where a side is missing. */
    case op_less: COMPARE(less, (a < b) - (a >= b))
    case op_less_equal: COMPARE(less_equal, (a <= b) - (a > b))
    case op_greater: COMPARE(greater, (a > b) - (a <= b))
    case op_greater_equal: COMPARE(greater_equal, (a >= b) - (a < b))
    case op_equal: COMPARE(equal, (a == b) - ((a < b) | (a > b)))
    case op_not_equal: COMPARE(not_equal, ((a < b) | (a > b)) - (a == b))
    case op_equal_code: MIXED(int8_t, int32_t, int32_t, a < 0 || b < 0 ? 0 : a == b ? 1 : -1)
    case op_not_equal_code: MIXED(int8_t, int32_t, int32_t, a < 0 || b < 0 ? 0 : a == b ? -1 : 1)
    case op_is_missing: UNARY(int8_t, double, (a != a) - (a == a))
    case op_is_missing_truth: UNARY(int8_t, int8_t, a == 0 ? 1 : -1)
    case op_is_missing_code: UNARY(int8_t, int32_t, a == -1 ? 1 : -1)
    case op_not: UNARY(int8_t, int8_t, -a)
    case op_and: MIXED(int8_t, int8_t, int8_t, a < b ? a : b)
    case op_or: MIXED(int8_t, int8_t, int8_t, a > b ? a : b)
    case op_where: WHERE(double, NAN)
    case op_where_truth: WHERE(int8_t, 0)
    case op_where_code: WHERE(int32_t, -1)
    case op_passed: {
        const double w = numbers[word[4]], x = numbers[word[5]], y = numbers[word[6]],
                     z = numbers[word[7]];
        UNARY(int32_t, double, PASSED(a))
    }
    case op_and_passed: {
        const double w = numbers[word[5]], x = numbers[word[6]], y = numbers[word[7]],
                     z = numbers[word[8]];
        MIXED(int32_t, int32_t, double, (uint32_t)a + (uint32_t)(int32_t)PASSED(b))
    }
    case op_known_or: {
        const int32_t other = word[5];
        MIXED(int32_t, int32_t, double, b == b ? a : other)
    }
    case op_look_up: LOOK_UP(double, numbers, int32_t)
    case op_look_up_by_truth: LOOK_UP(double, numbers, int8_t)
    case op_look_up_truth: LOOK_UP(int8_t, integers, int32_t)
    case op_look_up_truth_by_truth: LOOK_UP(int8_t, integers, int8_t)
    case op_look_up_code: LOOK_UP(int32_t, integers, int32_t)
    case op_look_up_code_by_truth: LOOK_UP(int32_t, integers, int8_t)
    case op_pick: PICK(double)
    case op_pick_truth: PICK(int8_t)
    case op_pick_code: PICK(int32_t)
    case op_cross: {
        const uint32_t columns = (uint32_t)word[5];
        MIXED(int32_t, int32_t, int32_t,
              a < 0 || b < 0 ? -1 : (int32_t)((uint32_t)a * columns + (uint32_t)b))
    }
    case op_first_true: {
        const int32_t number = word[5];
        MIXED(int32_t, int32_t, int8_t, b > 0 ? number : b == 0 ? -1 : a)
    }
    case op_digit: UNARY(int32_t, int32_t, (uint32_t)a + 1u)
    case op_digit_of_truth: UNARY(int32_t, int8_t, a + 1)
    case op_next_digit: {
        const uint32_t count = (uint32_t)word[5];
        MIXED(int32_t, int32_t, int32_t, (uint32_t)a * count + (uint32_t)b + 1u)
    }
    case op_next_digit_of_truth: {
        const uint32_t count = (uint32_t)word[5];
        MIXED(int32_t, int32_t, int8_t, (uint32_t)a * count + (uint32_t)(int32_t)b + 1u)
    }
    case op_narrow: UNARY(int8_t, int32_t, a)
    case op_shorten: UNARY(int16_t, int32_t, a)
    case op_interpolate:
        interpolated(filled, first, numbers + word[4], word[5] / 3, rows);
        break;
    case op_lasting:
        lasting(filled, first, word[4], run->counts + word[5], rows);
        break;
    case op_latch:
        latched(filled, first, second, run->counts + word[5], rows);
        break;
    case op_crossing:
        crossed(filled, first, second, run->counts + word[5], rows);
        break;
    case op_sessions_since: {
        double *RESTRICT out = filled, since = run->kept[word[4]];
        const int8_t *truth = first;
        EACH out[i] = since = truth[i] < 0 ? since + 1.0 : truth[i] ? 0.0 : NAN;
        run->kept[word[4]] = since;
        break;
    }
    case op_cumulative: {
        double *RESTRICT out = filled, total = run->kept[word[4]];
        const double *values = first;
        EACH {
            const double value = values[i];
            total = total + (value == value ? value : 0.0);
            out[i] = value == value ? settled(total) : NAN;
        }
        run->kept[word[4]] = total;
        break;
    }
    case op_average:
        averages(filled, first, numbers[word[4]], numbers[word[5]], numbers[word[6]],
                 run->kept + word[7], run->counts + word[8], rows);
        break;
    case op_macd: {
        double weights[9];
        for (int part = 0; part < 9; part++)
            weights[part] = numbers[word[4 + part]];
        macd(filled, first, weights, word[13], run->kept + word[14], run->counts + word[15], rows);
        break;
    }
    case op_strength:
        strength(filled, first, numbers[word[4]], numbers[word[5]], numbers[word[6]],
                 run->kept + word[7], run->counts + word[8], rows);
        break;
    case op_true_range:
        true_range(filled, first, second, third, run->kept + word[6], rows);
        break;
    case op_ago: {
        const double *place = appended(run->rings + word[5], first, rows);
        memcpy(filled, place - word[4], (size_t)rows * sizeof(double));
        break;
    }
    case op_window_sum:
        window(run, filled, first, word[4], run->rings + word[5], SUM, rows);
        break;
    case op_window_least:
        window(run, filled, first, word[4], run->rings + word[5], LEAST, rows);
        break;
    case op_window_greatest:
        window(run, filled, first, word[4], run->rings + word[5], GREATEST, rows);
        break;
    case op_standard_score: {
        double *RESTRICT out = filled;
        const double *values = first, *mean = second, *squares = third, others = numbers[word[6]];
        EACH out[i] = settled((values[i] - mean[i]) / sqrt(squares[i] / others));
        break;
    }
    case op_window_moments:
        /* Fills two registers: the means, and behind them the sums of squares. */
        memcpy(run->spare[MOST_COLUMNS], second, (size_t)rows * sizeof(double));
        EACH run->spare[MOST_COLUMNS + 1][i] = 0.0;
        window_columns(run, MOMENTS, word[5], run->rings + word[6], rows);
        memcpy(filled, run->spare[0], (size_t)rows * sizeof(double));
        memcpy(run->places[word[3]], run->spare[1], (size_t)rows * sizeof(double));
        break;
    case op_window_weighted:
        for (int column = 0; column < 2; column++)
            memcpy(run->spare[MOST_COLUMNS + column], first, (size_t)rows * sizeof(double));
        window_columns(run, WEIGHTED, word[4], run->rings + word[5], rows);
        memcpy(filled, run->spare[1], (size_t)rows * sizeof(double));
        break;
    case op_window_products: {
        const double *x = first, *y = second;
        double **given = run->spare + MOST_COLUMNS;
        /* A row that one lacks, both do. */
        EACH {
            const int known = x[i] == x[i] && y[i] == y[i];
            given[0][i] = known ? x[i] : NAN;
            given[2][i] = known ? y[i] : NAN;
            given[1][i] = given[3][i] = given[4][i] = 0.0;
        }
        window_columns(run, PRODUCTS, word[6], run->rings + word[7], rows);
        double *RESTRICT out = filled;
        const double *xx = run->spare[1], *yy = run->spare[3], *xy = run->spare[4];
        if (word[5])
            EACH out[i] = settled(xy[i] / yy[i]);
        else
            EACH {
                const double found = settled(xy[i] / (sqrt(xx[i]) * sqrt(yy[i])));
                const double least = found < -1.0 ? -1.0 : found;
                out[i] = least > 1.0 ? 1.0 : least;
            }
        break;
    }
    case op_window_rank:
        window_rank(filled, first, word[4], run->rings + word[5], rows);
        break;
    case OPERATION_COUNT:
        break;
    }
}

static void perform(struct run *run, const int32_t *word, Py_ssize_t rows)
{
    operate(run, word, rows, 0);
}

WIDER_LOOPS static void perform_wider(struct run *run, const int32_t *word, Py_ssize_t rows)
{
    operate(run, word, rows, 1);
}

/* Seconds between two times: those since the epoch are too many to have nanoseconds as well. */
static double between(struct timespec begun, struct timespec ended)
{
    return (double)(ended.tv_sec - begun.tv_sec) + 1e-9 * (double)(ended.tv_nsec - begun.tv_nsec);
}

static void run_all(struct run *run, Py_ssize_t rows)
{
    const Machine *machine = run->machine;
    for (Py_ssize_t done = 0; done < rows; done += CHUNK) {
        const Py_ssize_t some = rows - done < CHUNK ? rows - done : CHUNK;
        Py_ssize_t number = 0;
        struct timespec begun, ended;
        if (run->seconds)
            timespec_get(&begun, TIME_UTC);
        for (const int32_t *word = machine->code; word < machine->code + machine->words;
             word += word[1], number++) {
            machine->perform(run, word, some);
            if (run->seconds) {
                timespec_get(&ended, TIME_UTC);
                run->seconds[number] += between(begun, ended);
                begun = ended;
            }
        }
        for (Py_ssize_t i = 0; i < machine->register_count; i++)
            if (machine->registers[i].kind >= INPUT)
                run->places[i] += some * SIZES[machine->registers[i].type];
    }
}
