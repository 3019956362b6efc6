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
 * program.h has what a program is and how it is verified, operations.h the loops, stepper.h what runs
 * one row at a time; here are the type that Python sees, and the buffers that it gives. All are
 * compiled as one.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The digest of these files, which the build tells (hatch_build.py). */
#ifndef SOURCE
#define SOURCE ""
#endif

#include "program.h"

#include "operations.h"

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

/* A copy of a buffer of so many items at the most; NULL with an error set. */
static void *copied(PyObject *given, const char *formats, Py_ssize_t size, Py_ssize_t most,
                    Py_ssize_t *count)
{
    Py_buffer view;
    if (open_buffer(given, formats, size, 0, &view) < 0)
        return NULL;
    void *copy = NULL;
    if (view.len / size > most)
        PyErr_SetString(PyExc_ValueError, "a part of a program that is longer than it may be");
    else if ((copy = PyMem_Malloc(view.len ? (size_t)view.len : 1)) == NULL)
        PyErr_NoMemory();
    else {
        memcpy(copy, view.buf, (size_t)view.len);
        *count = view.len / size;
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
    if (!(machine->registers = copied(registers, FORMATS[CODE], 4, 4 * MOST_REGISTERS, &words)) ||
        !(machine->code = copied(code, FORMATS[CODE], 4, MOST_WORDS, &machine->words)) ||
        !(machine->numbers = copied(numbers, FORMATS[NUMBER], 8, MOST_WORDS, &machine->number_count)) ||
        !(machine->integers = copied(integers, FORMATS[CODE], 4, MOST_WORDS, &machine->integer_count)) ||
        !(machine->rings = copied(rings, FORMATS[CODE], 4, MOST_WORDS, &machine->ring_count)))
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

/* What the module keeps. */
struct state {
    PyTypeObject *stepper;
};

#include "stepper.h"

static PyMethodDef machine_methods[] = {
    {"run", machine_run, METH_VARARGS, run_doc},
    {"stepper", machine_stepper, METH_VARARGS, stepper_doc},
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
    struct state *state = PyModule_GetState(module);
    state->stepper = (PyTypeObject *)PyType_FromModuleAndSpec(module, &stepper_spec, NULL);
    PyObject *type = PyType_FromModuleAndSpec(module, &machine_spec, NULL);
    if (type == NULL || state->stepper == NULL)
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
    return added < 0 || PyModule_AddStringConstant(module, "SOURCE", SOURCE) < 0 ||
                   PyModule_AddIntConstant(module, "CHUNK", CHUNK) < 0 ||
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
    .m_size = sizeof(struct state),
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__strands(void) { return PyModuleDef_Init(&module_definition); }
