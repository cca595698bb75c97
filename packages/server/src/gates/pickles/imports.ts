/**
 * What pickles of models import that only makes data: numbers, arrays, estimators, layers. Always true: a name that reaches through a module
 * into another is in none of these lists, and of whole libraries only what is called as classes are, because their modules hold much else.
 */

const builtins = [
  'bool',
  'bytearray',
  'bytes',
  'complex',
  'dict',
  'float',
  'frozenset',
  'int',
  'list',
  'object',
  'range',
  'set',
  'slice',
  'str',
  'tuple',
]

/** As they are, and with * for a part of a name that is no dot. */
const single = [
  ...builtins.map((name) => `builtins.${name}`),
  ...[
    '_codecs.encode',
    'copyreg._reconstructor',
    'decimal.Decimal',
    'fractions.Fraction',
    'uuid.UUID',
    'array.array',
    'array._array_reconstructor',
  ],
  ...['OrderedDict', 'defaultdict', 'Counter', 'deque'].map((name) => `collections.${name}`),
  ...['date', 'datetime', 'time', 'timedelta', 'timezone'].map((name) => `datetime.${name}`),
  ...['numpy', 'numpy.core.multiarray', 'numpy._core.multiarray'].flatMap((module) =>
    ['ndarray', 'dtype', '_reconstruct', 'scalar'].map((name) => `${module}.${name}`),
  ),
  ...['numpy.core.numeric._frombuffer', 'numpy._core.numeric._frombuffer', 'numpy.dtypes.*DType'],
  ...[
    'bool',
    'bool_',
    'float*',
    'int*',
    'uint*',
    'complex*',
    'str_',
    'bytes_',
    'void',
    'datetime64',
    'timedelta64',
    'longlong',
    'intc',
    'longdouble',
  ].map((name) => `numpy.${name}`),
  ...['numpy.ma.core.MaskedArray', 'numpy.ma.core._mareconstruct', 'numpy.ma.MaskedArray', 'numpy.matrix'],
  ...['__randomstate_ctor', '__generator_ctor', '__bit_generator_ctor'].map((name) => `numpy.random._pickle.${name}`),
  ...['numpy.random._mt19937.MT19937', 'numpy.random._pcg64.PCG64', 'numpy.random.bit_generator.__pyx_unpickle_SeedSequence'],
  ...['numpy.random.bit_generator.SeedSequence', 'numpy.random.mtrand.RandomState', 'numpy.random._generator.Generator'],
  'joblib.numpy_pickle.NumpyArrayWrapper',
  ...['pandas.core.indexes.base._new_Index', 'pandas.core.indexes.datetimes._new_DatetimeIndex', 'pandas._libs.internals._unpickle_block'],
  ...['pandas._libs.arrays.__pyx_unpickle_NDArrayBacked', 'pandas._libs.tslibs.timestamps._unpickle_timestamp'],
  ...['_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_tensor_v3', '_rebuild_parameter', '_rebuild_parameter_with_state'].map(
    (name) => `torch._utils.${name}`,
  ),
  ...['_rebuild_sparse_tensor', '_rebuild_qtensor', '_rebuild_meta_tensor_no_storage', '_rebuild_nested_tensor'].map(
    (name) => `torch._utils.${name}`,
  ),
  ...['torch.*Storage', 'torch.storage.*Storage', 'torch.*Tensor', 'torch.Size', 'torch.device', 'torch.serialization._get_layout'],
  ...['bool', 'bfloat16', 'half', 'float', 'float*', 'double', 'int', 'int*', 'uint*', 'long', 'short', 'complex*', 'qint*', 'quint*'].map(
    (name) => `torch.${name}`,
  ),
  ...['torch.nn.parameter.Parameter', 'torch.nn.parameter.Buffer', 'torch._tensor._rebuild_from_type_v2'],
  // Compiled by TorchScript, and loaded by its own reader.
  '__torch__.**',
]

/** Of these and what is below them: classes, and what Cython makes them by. */
const libraries = [
  'sklearn',
  'scipy.sparse',
  'scipy.stats',
  'scipy.interpolate',
  'pandas.core',
  'pandas._libs',
  'torch.nn.modules',
  'torch.optim',
]
const more = ['xgboost', 'lightgbm', 'catboost', 'imblearn', 'statsmodels', 'category_encoders', 'skops']

const escaped = (text: string) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
/** `*`: a part of a name; `**`: names with dots. */
const pattern = (text: string): string =>
  text
    .split('**')
    .map((part) => part.split('*').map(escaped).join('[^.]*'))
    .join('.*')

const plain = new RegExp(`^(?:${single.map(pattern).join('|')})$`)
const ofClass = '_*[A-Z]\\w*'
const byCython = '__pyx_unpickle_\\w+|newObj\\w*'
const ofLibraries = new RegExp(`^(?:${[...libraries, ...more].map(escaped).join('|')})(?:\\.[a-z_]\\w*)*\\.(?:${ofClass}|${byCython})$`)
/** Called as classes are, and to be found in a library that imports them: what they do is done by making one. */
const deceptive = /\.(?:Popen|Thread|Timer|Process|Pool|Parallel|Request|Path|PosixPath|ZipFile|TarFile)$/

/** Whether it only makes data, by these lists or by what a gate allows beside them. `isDeep`: it is no module's own, but in something else there. */
export function isSafe(name: string, isDeep: boolean, allowed: readonly string[]): boolean {
  if (isDeep) return allowed.includes(name)
  if (allowed.some((each) => new RegExp(`^${pattern(each)}$`).test(name))) return true
  return plain.test(name) || (ofLibraries.test(name) && !deceptive.test(name))
}
