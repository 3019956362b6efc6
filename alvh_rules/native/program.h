/* Programs of the machine, and how they are verified: strands.c includes this once.
 *
 * Encoding of an instruction: operation, its words in all, the register it fills, and the operands
 * that its signature lists (see OPERATIONS). evaluate/native_code.py makes programs from plans.
 *
 * A program is gone through once, in the order in which it is run. It has no jumps, so what a slot or
 * an output holds before an instruction is what the last one before it left there: a register that is
 * read holds rows of its own type by then.
 */
#include <stdint.h>
#include <string.h>

#define CHUNK 1024
#define MOST_WORDS (1 << 20)
#define MOST_REGISTERS (1 << 16)
/* Rows that one ring may remember. */
#define MOST_LAG (1 << 24)
/* Levels of a doubling tree, and columns that one may have. */
#define MOST_LEVELS 25
#define MOST_COLUMNS 5
/* Work memory that a run may take: four gigabytes, or half of all that there are addresses for. */
#define MOST_BYTES                                                                                 \
    (PY_SSIZE_T_MAX / 2 < (int64_t)1 << 32 ? (int64_t)PY_SSIZE_T_MAX / 2 : (int64_t)1 << 32)
/* What each slot's address is a multiple of, and the bytes from one to the next: some more than its
 * rows take, since a processor mistakes addresses that are pages apart for each other. */
#define ALIGNMENT 64
#define SLOT (CHUNK * (Py_ssize_t)sizeof(double) + 3 * ALIGNMENT)
/* Slots beside those of the program, for what an operation makes on the way. */
#define SPARE (2 * MOST_COLUMNS)

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
 *   K I      a table in `numbers`, or in `integers`: where it begins, its entries. That of `interpolate`
 *            has points, as many slopes, and as many values.
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
    X(passed, "cfkkkk", 0, 0)                                                                      \
    X(and_passed, "ccfkkkk", 0, 0)                                                                 \
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
    X(interpolate, "ffK", 0, 0)                                                                    \
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
    X(window_weighted, "ffnR", 0, 0)                                                               \
    X(window_products, "fffnnR", 0, 0)                                                             \
    X(window_rank, "ffnR", 0, 0)

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
static int ring_lags(enum operation operation, int32_t n,
                     int32_t lags[MOST_COLUMNS * MOST_LEVELS])
{
    int count = 0;
    if (operation == op_ago || operation == op_window_rank) {
        lags[count++] = operation == op_ago ? n : n - 1;
        return count;
    }
    const int columns = operation == op_window_products ? MOST_COLUMNS
                        : operation == op_window_moments || operation == op_window_weighted ? 2
                                                                                            : 1;
    int32_t size = 1, covered = 0;
    for (;; size *= 2) {
        const int use = (n & size) != 0, grow = covered + (use ? size : 0) < n;
        if (grow || (use && covered))
            for (int column = 0; column < columns; column++)
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
            const int fills = operand - word < 2 + filled_by(word[0]);
            if (fills && found->kind != SCRATCH && found->kind != OUTPUT)
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
            if (!in_pool(value, operand[1], machine->number_count) ||
                (word[0] == op_interpolate && operand[1] < 3))
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
            int32_t lags[MOST_COLUMNS * MOST_LEVELS];
            if (plain < 1 || plain > MOST_LAG)
                return refused("a window of no length", where);
            const int count = ring_lags((enum operation)word[0], plain, lags);
            if (count && !in_pool(value, count, machine->ring_count))
                return refused("no such ring", where);
            for (int ring = 0; ring < count; ring++)
                if (lags[ring] < 1 || machine->rings[value + ring] < lags[ring])
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
