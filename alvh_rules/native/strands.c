/* Strands of a plan, run natively: a small machine of operations on columns.
 *
 * A program is a list of instructions over registers. A register holds CHUNK rows: few enough that
 * all of a program's registers stay in the processor's nearest memory, enough that taking the next
 * instruction costs nothing beside its loop. A run takes the rows chunk by chunk and every chunk
 * through all instructions, so a value that only the next operation reads never reaches main memory.
 *
 * 1. `Machine(...)` verifies a program: every register is of the type that its reader takes and was
 *    filled before it is read, every table, constant and place of memory is inside what was given,
 *    and a run's work memory is bounded. What a machine runs is verified; a lookup clamps its code,
 *    so no data whatever can make it read elsewhere.
 * 2. `run(...)` takes the rows of a block, and what is remembered from block to block: numbers,
 *    counts, and rings (the last rows of a column). Buffers have the types and lengths of the
 *    program, and what is written overlaps nothing else. It lets go of the interpreter meanwhile.
 *
 * The bits are those of the steps on columns (evaluate/steps.py): each operation is the same IEEE
 * operations in the same order, compiled with no contraction and nothing reordered. A number that is
 * not finite is missing, and missing is one pattern of bits; a truth is -1, 0 or 1; a code that is
 * missing is -1.
 *
 * Encoding of an instruction: operation, its words in all, the register it fills, and the operands
 * that its signature lists (see OPERATIONS). evaluate/native_code.py makes programs from plans.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK 1024
#define MOST_WORDS (1 << 20)
#define MOST_REGISTERS (1 << 16)
/* Rows that one ring may remember. */
#define MOST_LAG (1 << 24)
/* Levels of a doubling tree. */
#define MOST_LEVELS 25
/* Work memory that a run may take: four gigabytes, or half of all that there are addresses for. */
#define MOST_BYTES                                                                                 \
    (PY_SSIZE_T_MAX / 2 < (int64_t)1 << 32 ? (int64_t)PY_SSIZE_T_MAX / 2 : (int64_t)1 << 32)

#if defined(_MSC_VER)
#define RESTRICT __restrict
#define INLINE static __forceinline
#else
#define RESTRICT restrict
#define INLINE static inline __attribute__((always_inline))
#endif

/* Where the processor may have wider vectors, the same loops are compiled for them as well. */
#if defined(__x86_64__) && defined(__GNUC__)
#define WIDER_LOOPS __attribute__((target("avx2,bmi,bmi2")))
#define HAS_WIDER                                                                                  \
    (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&                             \
     __builtin_cpu_supports("bmi2"))
#else
#define WIDER_LOOPS
#define HAS_WIDER 0
#endif

/* --- programs --- */

enum type { NUMBER, TRUTH, CODE, SHORT, TYPES };
static const Py_ssize_t SIZES[TYPES] = {8, 1, 4, 2};
/* What buffers of each call their items: the letters of Python's `struct`. */
static const char *const FORMATS[TYPES] = {"d", "b", "il", "h"};

/* SCRATCH is overwritten as the program says; FILLED is a constant on every row of a chunk; CONSTANT
 * is one that its reader takes as it is; the others are the block's own rows. */
enum kind { SCRATCH, FILLED, CONSTANT, INPUT, OUTPUT, KINDS };

/* What each operation takes, in order.
 *   f t c h  a register of numbers, truths, codes, short codes (the first is the one filled)
 *   g        a register of numbers, or a constant
 *   n        a number as it stands
 *   k        a constant of `numbers`
 *   K I      a table in `numbers`, or in `integers`: where it begins, its entries
 *   S C      where its remembered numbers, or counts, begin; how many follows from the operation
 *   R        its first ring; how many, and how long, follows from the operation
 */
#define OPERATIONS(X)                                                                              \
    X(add, "fgg", 0, 0)                                                                            \
    X(subtract, "fgg", 0, 0)                                                                       \
    X(multiply, "fgg", 0, 0)                                                                       \
    X(divide, "fgg", 0, 0)                                                                         \
    X(least, "fgg", 0, 0)                                                                          \
    X(greatest, "fgg", 0, 0)                                                                       \
    X(negative, "ff", 0, 0)                                                                        \
    X(absolute, "ff", 0, 0)                                                                        \
    X(root, "ff", 0, 0)                                                                            \
    X(round, "ff", 0, 0)                                                                           \
    X(settle, "ff", 0, 0)                                                                          \
    X(copy, "ff", 0, 0)                                                                            \
    X(copy_truth, "tt", 0, 0)                                                                      \
    X(copy_code, "cc", 0, 0)                                                                       \
    X(less, "tgg", 0, 0)                                                                           \
    X(less_equal, "tgg", 0, 0)                                                                     \
    X(greater, "tgg", 0, 0)                                                                        \
    X(greater_equal, "tgg", 0, 0)                                                                  \
    X(equal, "tgg", 0, 0)                                                                          \
    X(not_equal, "tgg", 0, 0)                                                                      \
    X(equal_code, "tcc", 0, 0)                                                                     \
    X(not_equal_code, "tcc", 0, 0)                                                                 \
    X(is_missing, "tf", 0, 0)                                                                      \
    X(is_missing_truth, "tt", 0, 0)                                                                \
    X(is_missing_code, "tc", 0, 0)                                                                 \
    X(not, "tt", 0, 0)                                                                             \
    X(and, "ttt", 0, 0)                                                                            \
    X(or, "ttt", 0, 0)                                                                             \
    X(where, "ftff", 0, 0)                                                                         \
    X(where_truth, "tttt", 0, 0)                                                                   \
    X(where_code, "ctcc", 0, 0)                                                                    \
    X(above, "cfk", 0, 0)                                                                          \
    X(at_or_above, "cfk", 0, 0)                                                                    \
    X(and_above, "ccfk", 0, 0)                                                                     \
    X(and_at_or_above, "ccfk", 0, 0)                                                               \
    X(known_or, "ccfn", 0, 0)                                                                      \
    X(look_up, "fcK", 0, 0)                                                                        \
    X(look_up_by_truth, "ftK", 0, 0)                                                               \
    X(look_up_truth, "tcI", 0, 0)                                                                  \
    X(look_up_truth_by_truth, "ttI", 0, 0)                                                         \
    X(look_up_code, "ccI", 0, 0)                                                                   \
    X(look_up_code_by_truth, "ctI", 0, 0)                                                          \
    X(pick, "ffcfn", 0, 0)                                                                         \
    X(pick_truth, "ttctn", 0, 0)                                                                   \
    X(pick_code, "ccccn", 0, 0)                                                                    \
    X(cross, "cccn", 0, 0)                                                                         \
    X(first_true, "cctn", 0, 0)                                                                    \
    X(digit, "cc", 0, 0)                                                                           \
    X(digit_of_truth, "ct", 0, 0)                                                                  \
    X(next_digit, "cccn", 0, 0)                                                                    \
    X(next_digit_of_truth, "cctn", 0, 0)                                                           \
    X(narrow, "tc", 0, 0)                                                                          \
    X(shorten, "hc", 0, 0)                                                                         \
    X(lasting, "ttnC", 0, 2)                                                                       \
    X(latch, "tttC", 0, 1)                                                                         \
    X(crossing, "tffC", 0, 1)                                                                      \
    X(sessions_since, "ftS", 1, 0)                                                                 \
    X(cumulative, "ffS", 1, 0)                                                                     \
    X(average, "ffkkkSC", 2, 1)                                                                    \
    X(macd, "ffkkkkkkkkknSC", 6, 3)                                                                \
    X(strength, "ffkkkSC", 5, 2)                                                                   \
    X(true_range, "ffffS", 1, 0)                                                                   \
    X(ago, "ffnR", 0, 0)                                                                           \
    X(window_sum, "ffnR", 0, 0)                                                                    \
    X(window_least, "ffnR", 0, 0)                                                                  \
    X(window_greatest, "ffnR", 0, 0)                                                               \
    X(standard_score, "ffffk", 0, 0)                                                               \
    X(window_moments, "fffnR", 0, 0)                                                               \
    X(window_weighted, "ffnR", 0, 0)

enum operation {
#define NUMBERED(name, signature, states, counts) op_##name,
    OPERATIONS(NUMBERED)
#undef NUMBERED
    OPERATION_COUNT
};

struct record {
    const char *name;
    const char *signature;
    int numbers, counts;
};

static const struct record RECORDS[OPERATION_COUNT] = {
#define RECORDED(name, signature, states, counts) {#name, signature, states, counts},
    OPERATIONS(RECORDED)
#undef RECORDED
};

/* `index` numbers the slot, the constant, the input or the output; `value` is that of a FILLED one,
 * by its place in `numbers` where it is a number. */
struct register_ {
    int32_t kind, type, index, value;
};

/* How many registers each operation has behind the one that it fills: there is one at the least. */
static int OPERANDS[OPERATION_COUNT];

/* How many registers an operation fills: they stand before those that it reads. */
static int filled_by(int32_t operation) { return operation == op_window_moments ? 2 : 1; }

static int is_register(char letter) { return letter && strchr("fgtch", letter) != NULL; }

static void count_operands(void)
{
    for (int operation = 0; operation < OPERATION_COUNT; operation++) {
        const char *signature = RECORDS[operation].signature;
        int count = 0;
        while (is_register(signature[1 + count]))
            count++;
        OPERANDS[operation] = count;
    }
}

struct run;

typedef struct {
    PyObject_HEAD
    void (*perform)(struct run *run, const int32_t *word, Py_ssize_t rows);
    struct register_ *registers;
    int32_t *code;
    double *numbers;
    int32_t *integers;
    int32_t *rings; /* the rows that each remembers */
    Py_ssize_t register_count, words, number_count, integer_count, ring_count;
    Py_ssize_t instructions;
    Py_ssize_t slots; /* of CHUNK numbers each: SCRATCH and FILLED */
    Py_ssize_t inputs, outputs;
    Py_ssize_t kept_numbers, kept_counts, kept_rows;
} Machine;

/* --- running --- */

#define SPARE 3

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
    double *spare[SPARE]; /* CHUNK numbers each, for what an operation makes on the way */
};

/* Bytes of a slot, and what the first one's address is a multiple of. */
#define SLOT (CHUNK * (Py_ssize_t)sizeof(double))
#define ALIGNMENT 64

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

enum pair { MOMENTS, WEIGHTED };

/* As `window`, of two columns: means and sums of squared deviations, merged by the formula of Chan,
 * Golub and LeVeque (1979), or sums and weighted sums (kernels/windows.py). The columns that are
 * found are in spare[0] and spare[1]. */
INLINE void window_pair(struct run *run, const double *values, int32_t n, struct ring *ring,
                        enum pair how, Py_ssize_t rows)
{
    double first[CHUNK], second[CHUNK];
    double *RESTRICT total0 = run->spare[0], *RESTRICT total1 = run->spare[1];
    Py_ssize_t size = 1, covered = 0;
    memcpy(first, values, (size_t)rows * sizeof(double));
    EACH second[i] = how == MOMENTS ? 0.0 : values[i];
    for (;;) {
        const int use = (n & size) != 0;
        const int grow = covered + (use ? size : 0) < n;
        const double *power0 = first, *power1 = second;
        if (grow || (use && covered)) {
            power0 = appended(ring++, first, rows);
            power1 = appended(ring++, second, rows);
        }
        if (use) {
            if (covered) {
                const double *older0 = power0 - covered, *older1 = power1 - covered;
                const double a = (double)size, b = (double)covered;
                const double share = b / (a + b), weight = a * b / (a + b);
                if (how == MOMENTS)
                    EACH {
                        const double apart = total0[i] - older0[i];
                        total1[i] = (older1[i] + total1[i]) + (apart * apart) * weight;
                        total0[i] = older0[i] + apart * share;
                    }
                else
                    EACH {
                        total1[i] = older1[i] + (total1[i] + total0[i] * a);
                        total0[i] = older0[i] + total0[i];
                    }
            } else {
                memcpy(total0, power0, (size_t)rows * sizeof(double));
                memcpy(total1, power1, (size_t)rows * sizeof(double));
            }
            covered += size;
        }
        if (!grow)
            return;
        const double *older0 = power0 - size, *older1 = power1 - size;
        const double a = (double)size;
        const double share = a / (a + a), weight = a * a / (a + a);
        if (how == MOMENTS)
            EACH {
                const double apart = power0[i] - older0[i];
                second[i] = (older1[i] + power1[i]) + (apart * apart) * weight;
                first[i] = older0[i] + apart * share;
            }
        else
            EACH {
                second[i] = older1[i] + (power1[i] + power0[i] * a);
                first[i] = older0[i] + power0[i];
            }
        size *= 2;
    }
}

INLINE void averages(struct run *run, double *RESTRICT out, const double *values, double n,
                     double new, double old, double *kept, int64_t *count, Py_ssize_t rows)
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
    (void)run;
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

/* Truths of a and b, of which either may be a constant. Compilers pack numbers into truths better by
 * way of a width between. */
#define COMPARE(EXPRESSION)                                                                        \
    {                                                                                              \
        int32_t wide[CHUNK];                                                                       \
        int8_t *RESTRICT out = filled;                                                             \
        const double *left = first, *right = second;                                               \
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

INLINE void operate(struct run *run, const int32_t *word, Py_ssize_t rows)
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
    case op_less: COMPARE((a < b) - (a >= b))
    case op_less_equal: COMPARE((a <= b) - (a > b))
    case op_greater: COMPARE((a > b) - (a <= b))
    case op_greater_equal: COMPARE((a >= b) - (a < b))
    case op_equal: COMPARE((a == b) - ((a < b) | (a > b)))
    case op_not_equal: COMPARE(((a < b) | (a > b)) - (a == b))
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
    case op_above: { const double edge = numbers[word[4]]; UNARY(int32_t, double, a > edge) }
    case op_at_or_above: { const double edge = numbers[word[4]]; UNARY(int32_t, double, a >= edge) }
    case op_and_above: {
        const double edge = numbers[word[5]];
        MIXED(int32_t, int32_t, double, (uint32_t)a + (b > edge))
    }
    case op_and_at_or_above: {
        const double edge = numbers[word[5]];
        MIXED(int32_t, int32_t, double, (uint32_t)a + (b >= edge))
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
        averages(run, filled, first, numbers[word[4]], numbers[word[5]], numbers[word[6]],
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
        window_pair(run, second, word[5], run->rings + word[6], MOMENTS, rows);
        memcpy(filled, run->spare[0], (size_t)rows * sizeof(double));
        memcpy(run->places[word[3]], run->spare[1], (size_t)rows * sizeof(double));
        break;
    case op_window_weighted:
        window_pair(run, first, word[4], run->rings + word[5], WEIGHTED, rows);
        memcpy(filled, run->spare[1], (size_t)rows * sizeof(double));
        break;
    case OPERATION_COUNT:
        break;
    }
}

static void perform(struct run *run, const int32_t *word, Py_ssize_t rows)
{
    operate(run, word, rows);
}

WIDER_LOOPS static void perform_wider(struct run *run, const int32_t *word, Py_ssize_t rows)
{
    operate(run, word, rows);
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
        for (const int32_t *word = machine->code; word < machine->code + machine->words;
             word += word[1], number++) {
            if (run->seconds) {
                struct timespec begun, ended;
                timespec_get(&begun, TIME_UTC);
                machine->perform(run, word, some);
                timespec_get(&ended, TIME_UTC);
                run->seconds[number] += between(begun, ended);
            } else
                machine->perform(run, word, some);
        }
        for (Py_ssize_t i = 0; i < machine->register_count; i++)
            if (machine->registers[i].kind >= INPUT)
                run->places[i] += some * SIZES[machine->registers[i].type];
    }
}

/* --- verifying --- */

static int refused(const char *why, Py_ssize_t where)
{
    PyErr_Format(PyExc_ValueError, "%s at %zd", why, where);
    return -1;
}

static int in_pool(int32_t begin, int32_t length, Py_ssize_t pool)
{
    return begin >= 0 && length >= 1 && (Py_ssize_t)begin + length <= pool;
}

/* Where a register's rows are written: a slot, or behind those an output; -1 for what is given. */
static Py_ssize_t place_of(const Machine *machine, int32_t number)
{
    const struct register_ *own = machine->registers + number;
    if (own->kind == OUTPUT)
        return machine->slots + own->index;
    return own->kind <= FILLED ? own->index : -1;
}

static int verify_registers(Machine *machine)
{
    for (Py_ssize_t i = 0; i < machine->register_count; i++) {
        const struct register_ *own = machine->registers + i;
        Py_ssize_t *bound = NULL;
        if (own->kind < 0 || own->kind >= KINDS || own->type < 0 || own->type >= TYPES)
            return refused("no such register", i);
        if (own->index < 0 || own->index >= MOST_REGISTERS)
            return refused("a register of no place", i);
        switch ((enum kind)own->kind) {
        case FILLED:
            if (own->type == SHORT ||
                (own->type == NUMBER && !in_pool(own->value, 1, machine->number_count)))
                return refused("no such constant", i);
            bound = &machine->slots;
            break;
        case SCRATCH: bound = &machine->slots; break;
        case INPUT: bound = &machine->inputs; break;
        case OUTPUT: bound = &machine->outputs; break;
        default:
            if (own->type != NUMBER || own->index >= machine->number_count)
                return refused("no such constant", i);
        }
        if (bound && own->index >= *bound)
            *bound = own->index + 1;
        if (own->kind == INPUT && own->type == SHORT)
            return refused("no such input", i);
    }
    return 0;
}

/* A constant is written to its slot once, before the first chunk: nothing else may be. */
static int verify_constants(const Machine *machine, char *holds)
{
    for (Py_ssize_t i = 0; i < machine->register_count; i++) {
        const struct register_ *own = machine->registers + i;
        if (own->kind == FILLED) {
            if (holds[own->index])
                return refused("a slot of two constants", i);
            holds[own->index] = (char)(1 + own->type);
        }
    }
    for (Py_ssize_t i = 0; i < machine->register_count; i++) {
        const struct register_ *own = machine->registers + i;
        if (own->kind == SCRATCH && holds[own->index])
            return refused("a slot that a constant has", i);
    }
    return 0;
}

/* The rings that the windows of an operation fill, in order: how long each is to be. */
static int ring_lags(enum operation operation, int32_t n, int32_t lags[2 * MOST_LEVELS])
{
    int count = 0;
    if (operation == op_ago) {
        lags[count++] = n;
        return count;
    }
    const int both = operation == op_window_moments || operation == op_window_weighted;
    int32_t size = 1, covered = 0;
    for (;; size *= 2) {
        const int use = (n & size) != 0, grow = covered + (use ? size : 0) < n;
        if (grow || (use && covered))
            for (int column = 0; column <= both; column++)
                lags[count++] = grow ? size : covered;
        if (use)
            covered += size;
        if (!grow)
            return count;
    }
}

/* The registers of an instruction: those that it reads hold something by now, and none of them is
 * one that it fills, so its loop may be vectorised. */
static int verify_registers_of(const Machine *machine, const int32_t *word, Py_ssize_t where,
                               char *holds)
{
    const int32_t *parts = word + 2;
    const int fills = filled_by(word[0]), count = 1 + OPERANDS[word[0]];
    for (int filled = 0; filled < fills; filled++)
        for (int part = filled + 1; part < count; part++)
            if (place_of(machine, parts[filled]) == place_of(machine, parts[part]))
                return refused("a register that is read while it is filled", where);
    int rows = 0;
    for (int part = fills; part < count; part++) {
        const Py_ssize_t place = place_of(machine, parts[part]);
        const struct register_ *own = machine->registers + parts[part];
        if (place >= 0 && holds[place] != 1 + own->type)
            return refused("a register that nothing has filled", where);
        rows |= own->kind != CONSTANT;
    }
    if (!rows)
        return refused("constants alone where rows are wanted", where);
    for (int filled = 0; filled < fills; filled++)
        holds[place_of(machine, parts[filled])] =
            (char)(1 + machine->registers[parts[filled]].type);
    return 0;
}

/* `holds` says of each slot, and behind those of each output, what it holds by now: one more than
 * its type, or nothing. */
static int verify_instruction(const Machine *machine, const int32_t *word, Py_ssize_t where,
                              char *holds)
{
    const struct record *record = RECORDS + word[0];
    const int32_t *operand = word + 2;
    int32_t plain = 0;
    for (const char *letter = record->signature; *letter; letter++, operand++) {
        const int32_t value = *operand;
        switch (*letter) {
        case 'f': case 'g': case 't': case 'c': case 'h': {
            if (value < 0 || value >= machine->register_count)
                return refused("no such register", where);
            const struct register_ *found = machine->registers + value;
            const int type = *letter == 't' ? TRUTH : *letter == 'c' ? CODE
                             : *letter == 'h' ? SHORT : NUMBER;
            if (found->type != type)
                return refused("a register of another type", where);
            if (found->kind == CONSTANT && *letter != 'g')
                return refused("a constant where rows are wanted", where);
            if (operand - word < 2 + filled_by(word[0]) && found->kind != SCRATCH && found->kind != OUTPUT)
                return refused("a register that may not be filled", where);
            break;
        }
        case 'n':
            plain = value;
            break;
        case 'k':
            if (!in_pool(value, 1, machine->number_count))
                return refused("no such constant", where);
            break;
        case 'K':
            if (!in_pool(value, operand[1], machine->number_count))
                return refused("no such table", where);
            operand++;
            break;
        case 'I':
            if (!in_pool(value, operand[1], machine->integer_count))
                return refused("no such table", where);
            operand++;
            break;
        case 'S':
            if (!in_pool(value, record->numbers, machine->kept_numbers))
                return refused("no such remembered numbers", where);
            break;
        case 'C':
            if (!in_pool(value, record->counts, machine->kept_counts))
                return refused("no such remembered counts", where);
            break;
        default: { /* 'R' */
            int32_t lags[2 * MOST_LEVELS];
            if (plain < 1 || plain > MOST_LAG)
                return refused("a window of no length", where);
            const int count = ring_lags((enum operation)word[0], plain, lags);
            if (count && !in_pool(value, count, machine->ring_count))
                return refused("no such ring", where);
            for (int ring = 0; ring < count; ring++)
                if (machine->rings[value + ring] < lags[ring])
                    return refused("a ring that is too short", where);
        }
        }
    }
    return verify_registers_of(machine, word, where, holds);
}

static int words_of(const char *signature)
{
    int words = 2;
    for (; *signature; signature++)
        words += *signature == 'K' || *signature == 'I' ? 2 : 1;
    return words;
}

static int verify_code(Machine *machine, char *holds)
{
    machine->instructions = 0;
    for (Py_ssize_t at = 0; at < machine->words; machine->instructions++) {
        const int32_t *word = machine->code + at;
        if (word[0] < 0 || word[0] >= OPERATION_COUNT)
            return refused("no such operation", at);
        const int words = words_of(RECORDS[word[0]].signature);
        if (at + words > machine->words || word[1] != words)
            return refused("an instruction of another length", at);
        if (verify_instruction(machine, word, at, holds) < 0)
            return -1;
        at += words;
    }
    for (Py_ssize_t i = 0; i < machine->outputs; i++)
        if (!holds[machine->slots + i])
            return refused("an output that nothing fills", i);
    return 0;
}

/* A ring has room for a column of the block behind what it remembers, or for so much that what is
 * remembered is seldom moved. */
static int64_t most_room(int64_t lag) { return 2 * lag + 4 * CHUNK; }

static int verify_memory(Machine *machine)
{
    int64_t rows = 0, bytes = 0;
    for (Py_ssize_t i = 0; i < machine->ring_count; i++) {
        const int32_t lag = machine->rings[i];
        if (lag < 1 || lag > MOST_LAG)
            return refused("a ring of no length that it may have", i);
        rows += lag;
        bytes += most_room(lag) * (int64_t)sizeof(double);
    }
    bytes += (machine->slots + SPARE) * SLOT + ALIGNMENT;
    if (bytes > MOST_BYTES) {
        PyErr_SetString(PyExc_ValueError, "a program that takes more memory than it may");
        return -1;
    }
    machine->kept_rows = (Py_ssize_t)rows;
    return 0;
}

static int verify(Machine *machine)
{
    if (verify_registers(machine) < 0 || verify_memory(machine) < 0)
        return -1;
    char *holds = PyMem_Calloc((size_t)(machine->slots + machine->outputs) + 1, 1);
    if (holds == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    const int verified =
        verify_constants(machine, holds) < 0 || verify_code(machine, holds) < 0 ? -1 : 0;
    PyMem_Free(holds);
    return verified;
}

/* --- the type --- */

/* A buffer of items of one size, which its `formats` call them; 0, or -1 with an error. */
static int open_buffer(PyObject *given, const char *formats, Py_ssize_t size, int flags,
                       Py_buffer *view)
{
    if (PyObject_GetBuffer(given, view, PyBUF_ND | PyBUF_FORMAT | flags) < 0) {
        if (PyErr_ExceptionMatches(PyExc_BufferError))
            PyErr_SetString(PyExc_ValueError, "a buffer that is not contiguous, or not writable");
        return -1;
    }
    const char *format = view->format, *why = "a buffer of another type";
    if (view->itemsize == size) {
        if (view->len && (uintptr_t)view->buf & (uintptr_t)(size - 1))
            why = "a buffer that is not aligned";
        else if (format && format[0] && !format[1] && strchr(formats, format[0]))
            return 0;
    }
    PyErr_SetString(PyExc_ValueError, why);
    PyBuffer_Release(view);
    return -1;
}

/* A copy of a buffer of numbers or integers; NULL with an error set. */
static void *copied(PyObject *given, enum type type, Py_ssize_t most, Py_ssize_t *count)
{
    Py_buffer view;
    if (open_buffer(given, FORMATS[type], SIZES[type], 0, &view) < 0)
        return NULL;
    void *copy = NULL;
    if (view.len / SIZES[type] > most)
        PyErr_SetString(PyExc_ValueError, "a part of a program that is longer than it may be");
    else if ((copy = PyMem_Malloc(view.len ? (size_t)view.len : 1)) == NULL)
        PyErr_NoMemory();
    else {
        memcpy(copy, view.buf, (size_t)view.len);
        *count = view.len / SIZES[type];
    }
    PyBuffer_Release(&view);
    return copy;
}

static PyObject *machine_new(PyTypeObject *type, PyObject *arguments, PyObject *named)
{
    static char *names[] = {"registers", "code", "numbers", "integers", "rings", "kept", "counts",
                            "wider", NULL};
    PyObject *registers, *code, *numbers, *integers, *rings;
    Py_ssize_t kept, counts, words;
    int wider = 1;
    if (!PyArg_ParseTupleAndKeywords(arguments, named, "OOOOOnn|p", names, &registers, &code,
                                     &numbers, &integers, &rings, &kept, &counts, &wider))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Machine *machine = (Machine *)allocate(type, 0);
    if (machine == NULL)
        return NULL;
    if (kept < 0 || counts < 0 || kept > MOST_WORDS || counts > MOST_WORDS) {
        PyErr_SetString(PyExc_ValueError, "a program that remembers more than it may");
        goto failed;
    }
    machine->perform = wider && HAS_WIDER ? perform_wider : perform;
    machine->kept_numbers = kept;
    machine->kept_counts = counts;
    if (!(machine->registers = copied(registers, CODE, 4 * MOST_REGISTERS, &words)) ||
        !(machine->code = copied(code, CODE, MOST_WORDS, &machine->words)) ||
        !(machine->numbers = copied(numbers, NUMBER, MOST_WORDS, &machine->number_count)) ||
        !(machine->integers = copied(integers, CODE, MOST_WORDS, &machine->integer_count)) ||
        !(machine->rings = copied(rings, CODE, MOST_WORDS, &machine->ring_count)))
        goto failed;
    if (words % 4) {
        PyErr_SetString(PyExc_ValueError, "a register of no four words");
        goto failed;
    }
    machine->register_count = words / 4;
    if (verify(machine) < 0)
        goto failed;
    return (PyObject *)machine;
failed:
    Py_DecRef((PyObject *)machine);
    return NULL;
}

static void machine_dealloc(PyObject *self)
{
    Machine *machine = (Machine *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(machine->registers);
    PyMem_Free(machine->code);
    PyMem_Free(machine->numbers);
    PyMem_Free(machine->integers);
    PyMem_Free(machine->rings);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DecRef((PyObject *)type);
}

/* The buffers of a tuple, each with so many items for its register; 0, or -1 with an error. */
static int open_columns(PyObject *given, const Machine *machine, enum kind kind, Py_ssize_t rows,
                        Py_buffer *views, Py_ssize_t wanted)
{
    if (!PyTuple_Check(given) || PyTuple_Size(given) != wanted) {
        PyErr_SetString(PyExc_ValueError, "another number of columns than the program has");
        return -1;
    }
    const int flags = kind == OUTPUT ? PyBUF_WRITABLE : 0;
    for (Py_ssize_t i = 0; i < machine->register_count; i++) {
        const struct register_ *own = machine->registers + i;
        if (own->kind != (int32_t)kind)
            continue;
        Py_buffer *view = views + own->index;
        /* One column may have several registers. */
        if (view->obj == NULL &&
            open_buffer(PyTuple_GetItem(given, own->index), FORMATS[own->type], SIZES[own->type],
                        flags, view) < 0)
            return -1;
        if (view->len != rows * SIZES[own->type])
            return refused("a column of another length", own->index);
    }
    return 0;
}

/* A buffer of what is remembered, which is written to: of so many items of eight bytes. */
static int open_memory(PyObject *given, const char *formats, Py_ssize_t items, Py_buffer *view)
{
    if (open_buffer(given, formats, 8, PyBUF_WRITABLE, view) < 0)
        return -1;
    if (view->len == 8 * items)
        return 0;
    PyErr_SetString(PyExc_ValueError, "a memory of another length than the program has");
    return -1;
}

struct extent {
    uintptr_t begin, end;
    int written;
};

/* Shell's sort, by where they begin: of some dozens it is done before `qsort` has begun. */
static void sort(struct extent *extents, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < count; i++) {
            const struct extent own = extents[i];
            size_t at = i;
            for (; at >= gap && extents[at - gap].begin > own.begin; at -= gap)
                extents[at] = extents[at - gap];
            extents[at] = own;
        }
}

/* Whether what is written to overlaps nothing else: the buffers behind the inputs are written to.
 * 0, or -1 with an error. */
static int verify_apart(const Py_buffer *views, Py_ssize_t inputs, Py_ssize_t count)
{
    struct extent *extents = PyMem_Calloc((size_t)count, sizeof(struct extent));
    if (extents == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    size_t found = 0;
    for (Py_ssize_t i = 0; i < count; i++)
        if (views[i].len) {
            const uintptr_t begin = (uintptr_t)views[i].buf;
            extents[found++] = (struct extent){begin, begin + (uintptr_t)views[i].len, i >= inputs};
        }
    sort(extents, found);
    /* Where the buffers so far end, and those of them that are written to. */
    uintptr_t end = 0, end_written = 0;
    int overlap = 0;
    for (const struct extent *one = extents; one < extents + found; one++) {
        overlap |= one->begin < end_written || (one->written && one->begin < end);
        if (one->end > end)
            end = one->end;
        if (one->written && one->end > end_written)
            end_written = one->end;
    }
    PyMem_Free(extents);
    if (overlap)
        PyErr_SetString(PyExc_ValueError, "a buffer that is written to overlaps another");
    return -overlap;
}

static void fill(char *slot, const struct register_ *own, const double *numbers, Py_ssize_t rows)
{
    EACH
        switch (own->type) {
        case NUMBER: ((double *)slot)[i] = numbers[own->value]; break;
        case TRUTH: ((int8_t *)slot)[i] = (int8_t)own->value; break;
        default: ((int32_t *)slot)[i] = own->value;
        }
}

/* Work memory, all in one piece: slots and spare, then rings with room behind what they remember. */
static char *begin(struct run *run, Py_buffer *inputs, Py_buffer *outputs, const double *remembered,
                   Py_ssize_t rows)
{
    const Machine *machine = run->machine;
    Py_ssize_t bytes = (machine->slots + SPARE) * SLOT + ALIGNMENT;
    for (Py_ssize_t i = 0; i < machine->ring_count; i++) {
        struct ring *ring = run->rings + i;
        ring->lag = machine->rings[i];
        const Py_ssize_t most = (Py_ssize_t)most_room(ring->lag);
        ring->room = rows < most - ring->lag ? ring->lag + rows : most;
        ring->at = 0;
        bytes += ring->room * (Py_ssize_t)sizeof(double);
    }
    char *memory = malloc((size_t)bytes);
    if (memory == NULL)
        return NULL;
    char *slots = memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT);
    char *place = slots + machine->slots * SLOT;
    for (int i = 0; i < SPARE; i++, place += SLOT)
        run->spare[i] = (double *)place;
    for (Py_ssize_t i = 0; i < machine->ring_count; i++) {
        struct ring *ring = run->rings + i;
        ring->base = (double *)place;
        memcpy(ring->base, remembered, (size_t)ring->lag * sizeof(double));
        remembered += ring->lag;
        place += ring->room * (Py_ssize_t)sizeof(double);
    }
    for (Py_ssize_t i = 0; i < machine->register_count; i++) {
        const struct register_ *own = machine->registers + i;
        switch ((enum kind)own->kind) {
        case FILLED:
            fill(slots + own->index * SLOT, own, machine->numbers, rows < CHUNK ? rows : CHUNK);
            /* fall through */
        case SCRATCH:
            run->places[i] = slots + own->index * SLOT;
            break;
        case CONSTANT:
            run->places[i] = (char *)(machine->numbers + own->index);
            break;
        case INPUT:
            run->places[i] = inputs[own->index].buf;
            break;
        default:
            run->places[i] = outputs[own->index].buf;
        }
    }
    return memory;
}

PyDoc_STRVAR(run_doc,
"run(rows, inputs, outputs, kept, counts, rings, seconds=None)\n--\n\n"
"Run a block of rows through the program.\n\n"
"`inputs` and `outputs` are tuples of contiguous buffers, a column of the block each, of the types\n"
"of the program's registers. `kept` (float64), `counts` (int64) and `rings` (float64, the rings\n"
"behind each other) are what is remembered: read before the first row, written after the last.\n"
"`seconds`, if given, has the time of each instruction added to it (float64).\n\n"
"Raises ValueError where a buffer has another type or length than the program asks for, is not\n"
"aligned, or is written to and overlaps another, and MemoryError.");

static PyObject *machine_run(PyObject *self, PyObject *arguments)
{
    Machine *machine = (Machine *)self;
    PyObject *inputs, *outputs, *kept, *counts, *rings, *seconds = Py_None, *answer = NULL;
    Py_ssize_t rows;
    if (!PyArg_ParseTuple(arguments, "nOOOOO|O", &rows, &inputs, &outputs, &kept, &counts, &rings,
                          &seconds))
        return NULL;
    if (rows < 0 || rows > PY_SSIZE_T_MAX / 16) {
        PyErr_SetString(PyExc_ValueError, "no such number of rows");
        return NULL;
    }
    /* The columns, and behind them what is remembered. One that was not opened holds nothing. */
    const Py_ssize_t columns = machine->inputs + machine->outputs, count = columns + 4;
    struct run run = {.machine = machine};
    Py_buffer *views = PyMem_Calloc((size_t)count, sizeof(Py_buffer));
    run.places = PyMem_Calloc((size_t)machine->register_count + 1, sizeof(char *));
    run.rings = PyMem_Calloc((size_t)machine->ring_count + 1, sizeof(struct ring));
    if (views == NULL || run.places == NULL || run.rings == NULL) {
        PyErr_NoMemory();
        goto release;
    }
    Py_buffer *memories = views + columns;
    if (open_columns(inputs, machine, INPUT, rows, views, machine->inputs) < 0 ||
        open_columns(outputs, machine, OUTPUT, rows, views + machine->inputs,
                     machine->outputs) < 0 ||
        open_memory(kept, "d", machine->kept_numbers, memories) < 0 ||
        open_memory(counts, "lq", machine->kept_counts, memories + 1) < 0 ||
        open_memory(rings, "d", machine->kept_rows, memories + 2) < 0 ||
        (seconds != Py_None &&
         open_memory(seconds, "d", machine->instructions, memories + 3) < 0) ||
        verify_apart(views, machine->inputs, count) < 0)
        goto release;
    run.kept = memories[0].buf;
    run.counts = memories[1].buf;
    run.seconds = memories[3].buf;

    int began;
    Py_BEGIN_ALLOW_THREADS
    double *remembered = memories[2].buf;
    char *memory = begin(&run, views, views + machine->inputs, remembered, rows);
    began = memory != NULL;
    if (began) {
        run_all(&run, rows);
        for (Py_ssize_t i = 0; i < machine->ring_count; i++) {
            const struct ring *ring = run.rings + i;
            memcpy(remembered, ring->base + ring->at, (size_t)ring->lag * sizeof(double));
            remembered += ring->lag;
        }
        free(memory);
    }
    Py_END_ALLOW_THREADS
    if (began) {
        Py_IncRef(Py_None);
        answer = Py_None;
    } else
        PyErr_NoMemory();
release:
    for (Py_ssize_t i = 0; views != NULL && i < count; i++)
        PyBuffer_Release(views + i);
    PyMem_Free(views);
    PyMem_Free(run.places);
    PyMem_Free(run.rings);
    return answer;
}

static PyMethodDef machine_methods[] = {
    {"run", machine_run, METH_VARARGS, run_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(machine_doc,
"Machine(registers, code, numbers, integers, rings, kept, counts, wider=True)\n--\n\n"
"A verified program. `registers` are int32 quadruples (kind, type, index, value), `code` int32\n"
"words, `numbers` float64 and `integers` int32 pools of constants and tables, `rings` int32 lengths;\n"
"`kept` and `counts` say how many numbers and counts are remembered. Unless it is `wider`, it runs\n"
"the loops that any processor can, which give the same bits as those for wider vectors.\n\n"
"Raises ValueError for a program that is not sound.");

static PyType_Slot machine_slots[] = {
    {Py_tp_new, machine_new},
    {Py_tp_dealloc, machine_dealloc},
    {Py_tp_methods, machine_methods},
    {Py_tp_doc, (void *)machine_doc},
    {0, NULL},
};

static PyType_Spec machine_spec = {
    .name = "alvh_rules.native._strands.Machine",
    .basicsize = sizeof(Machine),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = machine_slots,
};

static int module_exec(PyObject *module)
{
    count_operands();
    PyObject *type = PyType_FromSpec(&machine_spec);
    if (type == NULL)
        return -1;
    const int failed = PyModule_AddObjectRef(module, "Machine", type) < 0;
    Py_DecRef(type);
    if (failed)
        return -1;
    PyObject *operations = PyDict_New();
    if (operations == NULL)
        return -1;
    for (int operation = 0; operation < OPERATION_COUNT; operation++) {
        const struct record *record = RECORDS + operation;
        PyObject *told = Py_BuildValue("isii", operation, record->signature, record->numbers,
                                       record->counts);
        if (told == NULL || PyDict_SetItemString(operations, record->name, told) < 0) {
            Py_XDECREF(told);
            Py_DecRef(operations);
            return -1;
        }
        Py_DecRef(told);
    }
    const int added = PyModule_AddObjectRef(module, "OPERATIONS", operations);
    Py_DecRef(operations);
    return added < 0 || PyModule_AddIntConstant(module, "CHUNK", CHUNK) < 0 ||
                   PyModule_AddIntConstant(module, "HAS_WIDER", HAS_WIDER) < 0
               ? -1
               : 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "alvh_rules.native._strands",
    .m_doc = "Strands of a plan, run natively.",
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__strands(void) { return PyModuleDef_Init(&module_definition); }
