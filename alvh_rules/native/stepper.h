/* One row at a time: a program of numbers with a memory of its own, called with plain values.
 *
 * A run takes what is remembered from outside and gives it back, which for one row costs more than the
 * row. A stepper keeps it, and its work memory, for as long as it lives. strands.c includes this once.
 */
typedef struct {
    PyObject_HEAD
    PyObject *machine;
    struct run run;
    char *memory;
    double *cells; /* the inputs' values, and behind them the output's */
    double *kept;
    int64_t *counts;
} Stepper;

static void stepper_dealloc(PyObject *self)
{
    Stepper *stepper = (Stepper *)self;
    PyTypeObject *type = Py_TYPE(self);
    free(stepper->memory);
    PyMem_Free(stepper->cells);
    PyMem_Free(stepper->kept);
    PyMem_Free(stepper->counts);
    PyMem_Free(stepper->run.places);
    PyMem_Free(stepper->run.rings);
    Py_XDECREF(stepper->machine);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DecRef((PyObject *)type);
}

/* The program's own memory before the first row: rings are missing throughout. 0, or -1 with an error. */
static int stepper_begin(Stepper *stepper, const Machine *machine)
{
    const Py_ssize_t columns = machine->inputs + machine->outputs;
    double *remembered = PyMem_Malloc((size_t)(machine->kept_rows + 1) * sizeof(double));
    Py_buffer *views = PyMem_Calloc((size_t)columns, sizeof(Py_buffer));
    stepper->cells = PyMem_Calloc((size_t)columns, sizeof(double));
    stepper->run.places = PyMem_Calloc((size_t)machine->register_count + 1, sizeof(char *));
    stepper->run.rings = PyMem_Calloc((size_t)machine->ring_count + 1, sizeof(struct ring));
    const int ready = remembered && views && stepper->cells && stepper->run.places &&
                      stepper->run.rings;
    if (ready) {
        for (Py_ssize_t i = 0; i < machine->kept_rows; i++)
            remembered[i] = NAN;
        for (Py_ssize_t i = 0; i < columns; i++)
            views[i].buf = stepper->cells + i;
        /* So many rows that rings have all their room. */
        stepper->memory = begin(&stepper->run, views, views + machine->inputs, remembered,
                                (Py_ssize_t)most_room(MOST_LAG));
    }
    PyMem_Free(remembered);
    PyMem_Free(views);
    if (stepper->memory)
        return 0;
    PyErr_NoMemory();
    return -1;
}

PyDoc_STRVAR(stepper_doc,
"stepper(kept, counts)\n--\n\n"
"The program one row at a time, with a memory of its own.\n\n"
"`kept` (float64) and `counts` (int64) are what it remembers before the first row; its rings are\n"
"missing throughout. Raises ValueError where the program has columns that are no numbers, or does not\n"
"fill exactly one, and MemoryError.");

static PyObject *machine_stepper(PyObject *self, PyObject *arguments)
{
    Machine *machine = (Machine *)self;
    PyObject *kept, *counts;
    if (!PyArg_ParseTuple(arguments, "OO", &kept, &counts))
        return NULL;
    int numbers = machine->outputs == 1;
    for (Py_ssize_t i = 0; i < machine->register_count; i++)
        if (machine->registers[i].kind >= INPUT)
            numbers &= machine->registers[i].type == NUMBER;
    if (!numbers) {
        PyErr_SetString(PyExc_ValueError, "a program of other columns than numbers, to one of them");
        return NULL;
    }
    const struct state *state = PyType_GetModuleState(Py_TYPE(self));
    allocfunc allocate = (allocfunc)PyType_GetSlot(state->stepper, Py_tp_alloc);
    Stepper *stepper = (Stepper *)allocate(state->stepper, 0);
    if (stepper == NULL)
        return NULL;
    Py_IncRef(self);
    stepper->machine = self;
    stepper->run.machine = machine;
    Py_ssize_t of_kept = 0, of_counts = 0;
    stepper->run.kept = stepper->kept = copied(kept, "d", 8, MOST_WORDS, &of_kept);
    if (stepper->kept == NULL)
        goto failed;
    stepper->run.counts = stepper->counts = copied(counts, "lq", 8, MOST_WORDS, &of_counts);
    if (stepper->counts == NULL)
        goto failed;
    if (of_kept != machine->kept_numbers || of_counts != machine->kept_counts) {
        PyErr_SetString(PyExc_ValueError, "a memory of another length than the program has");
        goto failed;
    }
    if (stepper_begin(stepper, machine) == 0)
        return (PyObject *)stepper;
failed:
    Py_DecRef((PyObject *)stepper);
    return NULL;
}

PyDoc_STRVAR(step_doc,
"step(*values)\n--\n\n"
"The output of the next row, from a number for each input.\n\n"
"Raises ValueError for another count of values, and TypeError for one that is no number.");

static PyObject *stepper_step(PyObject *self, PyObject *const *values, Py_ssize_t count)
{
    Stepper *stepper = (Stepper *)self;
    const Machine *machine = stepper->run.machine;
    if (count != machine->inputs) {
        PyErr_SetString(PyExc_ValueError, "another number of values than the program has inputs");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        const double value = PyFloat_AsDouble(values[i]);
        if (value == -1.0 && PyErr_Occurred())
            return NULL;
        stepper->cells[i] = value;
    }
    for (const int32_t *word = machine->code; word < machine->code + machine->words; word += word[1])
        machine->perform(&stepper->run, word, 1);
    return PyFloat_FromDouble(stepper->cells[count]);
}

static PyMethodDef stepper_methods[] = {
    {"step", (PyCFunction)(void (*)(void))stepper_step, METH_FASTCALL, step_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot stepper_slots[] = {
    {Py_tp_dealloc, stepper_dealloc},
    {Py_tp_methods, stepper_methods},
    {0, NULL},
};

static PyType_Spec stepper_spec = {
    .name = "alvh_rules.native._strands.Stepper",
    .basicsize = sizeof(Stepper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = stepper_slots,
};
