package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;

/**
 * Convolutions by cuDNN 9's graph interface: the sum and what is added to it (bias, residual) are
 * one graph, for which cuDNN proposes engines. Plans can also be made without a device, for one
 * described in JSON: what they say is then all that can be done with them.
 */
public final class Cudnn implements ConvolutionProvider {
  private static final int SUCCESS = 0;

  // cudnnBackendDescriptorType_t
  private static final int POINTWISE = 0;
  private static final int CONVOLUTION = 1;
  private static final int ENGINECFG = 3;
  private static final int ENGINEHEUR = 4;
  private static final int EXECUTION_PLAN = 5;
  private static final int OPERATION_CONVOLUTION_FORWARD = 10;
  private static final int OPERATION_POINTWISE = 13;
  private static final int OPERATIONGRAPH = 15;
  private static final int VARIANT_PACK = 16;
  private static final int TENSOR = 17;
  private static final int DEVICEPROP = 38;

  // cudnnBackendAttributeType_t
  private static final int TYPE_HANDLE = 0;
  private static final int TYPE_DATA_TYPE = 1;
  private static final int TYPE_BOOLEAN = 2;
  private static final int TYPE_INT64 = 3;
  private static final int TYPE_FLOAT = 4;
  private static final int TYPE_VOID_PTR = 6;
  private static final int TYPE_CONVOLUTION_MODE = 7;
  private static final int TYPE_HEUR_MODE = 8;
  private static final int TYPE_POINTWISE_MODE = 14;
  private static final int TYPE_BACKEND_DESCRIPTOR = 15;
  private static final int TYPE_CHAR = 24;

  private static final int CROSS_CORRELATION = 1;
  private static final int POINTWISE_ADD = 0;
  private static final int HEUR_MODE_A = 3;

  // cudnnBackendAttributeName_t
  private static final int POINTWISE_MODE = 0;
  private static final int POINTWISE_MATH_PREC = 1;
  private static final int CONVOLUTION_COMP_TYPE = 100;
  private static final int CONVOLUTION_CONV_MODE = 101;
  private static final int CONVOLUTION_DILATIONS = 102;
  private static final int CONVOLUTION_FILTER_STRIDES = 103;
  private static final int CONVOLUTION_POST_PADDINGS = 104;
  private static final int CONVOLUTION_PRE_PADDINGS = 105;
  private static final int CONVOLUTION_SPATIAL_DIMS = 106;
  private static final int ENGINEHEUR_MODE = 200;
  private static final int ENGINEHEUR_OPERATION_GRAPH = 201;
  private static final int ENGINEHEUR_RESULTS = 202;
  private static final int ENGINEHEUR_DEVICEPROP = 204;
  private static final int PLAN_HANDLE = 400;
  private static final int PLAN_ENGINE_CONFIG = 401;
  private static final int PLAN_WORKSPACE_SIZE = 402;
  private static final int PLAN_JSON = 405;
  private static final int PLAN_DEVICEPROP = 407;
  private static final int CONVOLUTION_FORWARD_ALPHA = 700;
  private static final int CONVOLUTION_FORWARD_BETA = 701;
  private static final int CONVOLUTION_FORWARD_CONV_DESC = 702;
  private static final int CONVOLUTION_FORWARD_W = 703;
  private static final int CONVOLUTION_FORWARD_X = 704;
  private static final int CONVOLUTION_FORWARD_Y = 705;
  private static final int POINTWISE_PW_DESCRIPTOR = 750;
  private static final int POINTWISE_XDESC = 751;
  private static final int POINTWISE_BDESC = 752;
  private static final int POINTWISE_YDESC = 753;
  private static final int OPERATIONGRAPH_HANDLE = 800;
  private static final int OPERATIONGRAPH_OPS = 801;
  private static final int TENSOR_BYTE_ALIGNMENT = 900;
  private static final int TENSOR_DATA_TYPE = 901;
  private static final int TENSOR_DIMENSIONS = 902;
  private static final int TENSOR_STRIDES = 903;
  private static final int TENSOR_UNIQUE_ID = 906;
  private static final int TENSOR_IS_VIRTUAL = 907;
  private static final int VARIANT_PACK_UNIQUE_IDS = 1000;
  private static final int VARIANT_PACK_DATA_POINTERS = 1001;
  private static final int VARIANT_PACK_WORKSPACE = 1003;
  private static final int DEVICEPROP_JSON = 2702;

  private static final int ALIGNMENT = 16;
  private static final int MAX_CONFIGURATIONS = 16;
  private static final int TEXT_BYTES = 4096;
  private static final int MAX_JSON_BYTES = 1 << 20;

  /** Names of the tensors of a graph; cuDNN matches pointers to them. */
  private enum Operand {
    X(1),
    W(2),
    BIAS(3),
    RESIDUAL(4),
    Y(5),
    SUM(6),
    BIASED(7);

    private final long id;

    Operand(long id) {
      this.id = id;
    }
  }

  private final MethodHandle createDescriptor;
  private final MethodHandle destroyDescriptor;
  private final MethodHandle setAttribute;
  private final MethodHandle getAttribute;
  private final MethodHandle finalizeDescriptor;
  private final MethodHandle execute;
  private final MethodHandle setStream;
  private final MethodHandle destroy;
  private final MethodHandle errorString;
  private final MethodHandle lastError;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment handle;
  private MemorySegment deviceProperties = MemorySegment.NULL;
  private long boundStream;

  private Cudnn(SymbolLookup library, MemorySegment handle) {
    this.handle = handle;
    var p = ADDRESS;
    var i = JAVA_INT;
    var l = JAVA_LONG;
    createDescriptor = Native.status(library, "cudnnBackendCreateDescriptor", i, p);
    destroyDescriptor = Native.status(library, "cudnnBackendDestroyDescriptor", p);
    setAttribute = Native.status(library, "cudnnBackendSetAttribute", p, i, i, l, p);
    getAttribute = Native.status(library, "cudnnBackendGetAttribute", p, i, i, l, p, p);
    finalizeDescriptor = Native.status(library, "cudnnBackendFinalize", p);
    execute = Native.status(library, "cudnnBackendExecute", p, p, p);
    setStream = Native.status(library, "cudnnSetStream", p, l);
    destroy = Native.status(library, "cudnnDestroy", p);
    errorString = Native.function(library, "cudnnGetErrorString", FunctionDescriptor.of(p, i));
    lastError =
        Native.function(library, "cudnnGetLastErrorString", FunctionDescriptor.ofVoid(p, l));
  }

  /**
   * Starts cuDNN in the current context.
   *
   * @throws DeviceException where it is older than 9, or refuses, as it does without a device
   */
  public static Cudnn open(LibraryProbe.Loaded library) {
    checkMajor(library);
    var create = Native.status(library.symbols(), "cudnnCreate", ADDRESS);
    try (var arena = Arena.ofConfined()) {
      var out = arena.allocate(ADDRESS);
      int status = Native.call(create, out);
      var handle = status == SUCCESS ? out.get(ADDRESS, 0) : MemorySegment.NULL;
      var cudnn = new Cudnn(library.symbols(), handle);
      cudnn.check(status, "cudnnCreate");
      return cudnn;
    }
  }

  /**
   * Plans for a device that need not be here.
   *
   * @param properties the device as JSON, as cuDNN 9.8 and later write it
   * @throws DeviceException where cuDNN is older than 9 or does not take the properties
   */
  public static Cudnn offline(LibraryProbe.Loaded library, String properties) {
    checkMajor(library);
    var cudnn = new Cudnn(library.symbols(), MemorySegment.NULL);
    cudnn.deviceProperties = cudnn.create(DEVICEPROP);
    var json = cudnn.arena.allocateFrom(properties);
    cudnn.set(cudnn.deviceProperties, DEVICEPROP_JSON, TYPE_CHAR, json.byteSize(), json);
    cudnn.complete(cudnn.deviceProperties, "device properties");
    return cudnn;
  }

  private static void checkMajor(LibraryProbe.Loaded library) {
    if (library.major() < 9) {
      throw new DeviceException(
          "cudnn: expected version 9 or later, got "
              + library.version()
              + " ("
              + library.path()
              + "); the provider jcudnn takes version 8");
    }
  }

  @Override
  public String name() {
    return "cudnn";
  }

  @Override
  public Optional<Prepared> prepare(ConvolutionSpec spec, long workspaceLimit) {
    var planned = new Planned(spec);
    try {
      if (planned.choose(workspaceLimit)) {
        return Optional.of(planned);
      }
    } catch (RuntimeException | Error e) {
      planned.close();
      throw e;
    }
    planned.close();
    return Optional.empty();
  }

  /** What cuDNN says of a plan of its own, as JSON. */
  public String describe(Prepared prepared) {
    if (!(prepared instanceof Planned planned)) {
      throw new IllegalArgumentException("cudnn: expected a plan of cuDNN's, got " + prepared);
    }
    return planned.describe();
  }

  @Override
  public void close() {
    if (!deviceProperties.equals(MemorySegment.NULL)) {
      Native.call(destroyDescriptor, deviceProperties);
    }
    try {
      if (!handle.equals(MemorySegment.NULL)) {
        check(Native.call(destroy, handle), "cudnnDestroy");
      }
    } finally {
      arena.close();
    }
  }

  private MemorySegment create(int type) {
    try (var scratch = Arena.ofConfined()) {
      var out = scratch.allocate(ADDRESS);
      check(Native.call(createDescriptor, type, out), "descriptor " + type);
      return out.get(ADDRESS, 0);
    }
  }

  private void set(MemorySegment descriptor, int attribute, int type, long count, MemorySegment v) {
    check(
        Native.call(setAttribute, descriptor, attribute, type, count, v), "attribute " + attribute);
  }

  private void complete(MemorySegment descriptor, String what) {
    check(Native.call(finalizeDescriptor, descriptor), what);
  }

  private void check(int status, String what) {
    if (status != SUCCESS) {
      throw failure(status, what);
    }
  }

  private DeviceException failure(int status, String what) {
    var name = Native.text((MemorySegment) Native.result(errorString, status), TEXT_BYTES);
    try (var scratch = Arena.ofConfined()) {
      var text = scratch.allocate(TEXT_BYTES);
      Native.result(lastError, text, (long) TEXT_BYTES);
      var detail = Native.text(text, TEXT_BYTES).strip();
      return new DeviceException(
          "cudnn: " + what + ": " + name + (detail.isEmpty() ? "" : " (" + detail + ")"));
    }
  }

  /** {@code cudnnDataType_t}. */
  private static int dataType(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 2;
      case BF16 -> 9;
      case F64, I32, I64, U8 ->
          throw new IllegalArgumentException(
              "convolution: expected F16, BF16 or F32, got " + dtype);
    };
  }

  /** One convolution: its graph, the plan chosen for it, the pointers of its last run. */
  private final class Planned implements Prepared {
    private final ConvolutionSpec spec;
    private final Arena memory = Arena.ofShared();
    private final List<MemorySegment> descriptors = new ArrayList<>();
    private final Operand[] operands;
    private final long[] bound;
    private MemorySegment plan = MemorySegment.NULL;
    private MemorySegment pack = MemorySegment.NULL;
    private long workspaceBytes;

    Planned(ConvolutionSpec spec) {
      this.spec = spec;
      var all = new ArrayList<>(List.of(Operand.X, Operand.W, Operand.Y));
      if (spec.bias()) {
        all.add(Operand.BIAS);
      }
      if (spec.residual()) {
        all.add(Operand.RESIDUAL);
      }
      operands = all.toArray(Operand[]::new);
      bound = new long[operands.length + 1];
    }

    /** The first of the proposed engines that works within the workspace; false where none does. */
    boolean choose(long workspaceLimit) {
      var graph = graph();
      var heuristic = made(ENGINEHEUR);
      descriptors(heuristic, ENGINEHEUR_OPERATION_GRAPH, graph);
      ints(heuristic, ENGINEHEUR_MODE, TYPE_HEUR_MODE, HEUR_MODE_A);
      if (offline()) {
        descriptors(heuristic, ENGINEHEUR_DEVICEPROP, deviceProperties);
      }
      if (Native.call(finalizeDescriptor, heuristic) != SUCCESS) {
        return false;
      }
      var configurations = memory.allocate(ADDRESS, MAX_CONFIGURATIONS);
      for (int i = 0; i < MAX_CONFIGURATIONS; i++) {
        configurations.setAtIndex(ADDRESS, i, made(ENGINECFG));
      }
      var count = memory.allocate(JAVA_LONG);
      int status =
          Native.call(
              getAttribute,
              heuristic,
              ENGINEHEUR_RESULTS,
              TYPE_BACKEND_DESCRIPTOR,
              (long) MAX_CONFIGURATIONS,
              count,
              configurations);
      if (status != SUCCESS) {
        return false;
      }
      long found = Math.min(count.get(JAVA_LONG, 0), MAX_CONFIGURATIONS);
      for (int i = 0; i < found; i++) {
        if (plan(configurations.getAtIndex(ADDRESS, i), workspaceLimit)) {
          return true;
        }
      }
      return false;
    }

    private boolean offline() {
      return handle.equals(MemorySegment.NULL);
    }

    private boolean plan(MemorySegment configuration, long workspaceLimit) {
      var candidate = made(EXECUTION_PLAN);
      if (offline()) {
        descriptors(candidate, PLAN_DEVICEPROP, deviceProperties);
      } else {
        set(candidate, PLAN_HANDLE, TYPE_HANDLE, 1, memory.allocateFrom(ADDRESS, handle));
      }
      descriptors(candidate, PLAN_ENGINE_CONFIG, configuration);
      if (Native.call(finalizeDescriptor, candidate) != SUCCESS) {
        return false; // Proposed, but not for this device after all.
      }
      var value = memory.allocate(JAVA_LONG);
      check(
          Native.call(
              getAttribute,
              candidate,
              PLAN_WORKSPACE_SIZE,
              TYPE_INT64,
              1L,
              memory.allocate(JAVA_LONG),
              value),
          "workspace");
      if (value.get(JAVA_LONG, 0) > workspaceLimit) {
        return false;
      }
      plan = candidate;
      workspaceBytes = value.get(JAVA_LONG, 0);
      return true;
    }

    private MemorySegment graph() {
      var x = tensor(Operand.X, spec.dtype(), spec.n(), spec.c(), spec.h(), spec.w(), false);
      var w = tensor(Operand.W, spec.dtype(), spec.k(), spec.c(), spec.r(), spec.s(), false);
      boolean more = spec.bias() || spec.residual();
      var operations = new ArrayList<MemorySegment>();
      var sum = result(more ? Operand.SUM : Operand.Y, more);
      operations.add(convolution(x, w, sum));
      if (spec.bias()) {
        var bias = tensor(Operand.BIAS, spec.dtype(), 1, spec.k(), 1, 1, false);
        var biased = result(spec.residual() ? Operand.BIASED : Operand.Y, spec.residual());
        operations.add(add(sum, bias, biased));
        sum = biased;
      }
      if (spec.residual()) {
        var residual = result(Operand.RESIDUAL, false);
        operations.add(add(sum, residual, result(Operand.Y, false)));
      }
      var graph = made(OPERATIONGRAPH);
      if (!offline()) {
        set(graph, OPERATIONGRAPH_HANDLE, TYPE_HANDLE, 1, memory.allocateFrom(ADDRESS, handle));
      }
      descriptors(graph, OPERATIONGRAPH_OPS, operations.toArray(MemorySegment[]::new));
      complete(graph, "graph of " + spec);
      return graph;
    }

    /** A tensor of the result's shape; what stays inside the graph is kept in float32. */
    private MemorySegment result(Operand operand, boolean inside) {
      return tensor(
          operand,
          inside ? DType.F32 : spec.dtype(),
          spec.n(),
          spec.k(),
          spec.p(),
          spec.q(),
          inside);
    }

    /** Dimensions in cuDNN's order, channels second; strides say that they are innermost. */
    private MemorySegment tensor(
        Operand operand, DType dtype, long n, long c, long h, long w, boolean virtual) {
      var tensor = made(TENSOR);
      longs(tensor, TENSOR_UNIQUE_ID, operand.id);
      ints(tensor, TENSOR_DATA_TYPE, TYPE_DATA_TYPE, dataType(dtype));
      longs(tensor, TENSOR_DIMENSIONS, n, c, h, w);
      longs(tensor, TENSOR_STRIDES, h * w * c, 1, w * c, c);
      longs(tensor, TENSOR_BYTE_ALIGNMENT, ALIGNMENT);
      if (virtual) {
        set(tensor, TENSOR_IS_VIRTUAL, TYPE_BOOLEAN, 1, memory.allocateFrom(JAVA_BYTE, (byte) 1));
      }
      complete(tensor, "tensor " + operand);
      return tensor;
    }

    private MemorySegment convolution(MemorySegment x, MemorySegment w, MemorySegment y) {
      var convolution = made(CONVOLUTION);
      longs(convolution, CONVOLUTION_SPATIAL_DIMS, 2);
      ints(convolution, CONVOLUTION_COMP_TYPE, TYPE_DATA_TYPE, dataType(DType.F32));
      ints(convolution, CONVOLUTION_CONV_MODE, TYPE_CONVOLUTION_MODE, CROSS_CORRELATION);
      longs(convolution, CONVOLUTION_DILATIONS, 1, 1);
      longs(convolution, CONVOLUTION_FILTER_STRIDES, spec.stride(), spec.stride());
      longs(convolution, CONVOLUTION_PRE_PADDINGS, spec.padBefore(), spec.padBefore());
      longs(convolution, CONVOLUTION_POST_PADDINGS, spec.padAfter(), spec.padAfter());
      complete(convolution, "convolution");
      var operation = made(OPERATION_CONVOLUTION_FORWARD);
      descriptors(operation, CONVOLUTION_FORWARD_CONV_DESC, convolution);
      descriptors(operation, CONVOLUTION_FORWARD_X, x);
      descriptors(operation, CONVOLUTION_FORWARD_W, w);
      descriptors(operation, CONVOLUTION_FORWARD_Y, y);
      floats(operation, CONVOLUTION_FORWARD_ALPHA, 1);
      floats(operation, CONVOLUTION_FORWARD_BETA, 0);
      complete(operation, "convolution of " + spec);
      return operation;
    }

    private MemorySegment add(MemorySegment a, MemorySegment b, MemorySegment sum) {
      var pointwise = made(POINTWISE);
      ints(pointwise, POINTWISE_MODE, TYPE_POINTWISE_MODE, POINTWISE_ADD);
      ints(pointwise, POINTWISE_MATH_PREC, TYPE_DATA_TYPE, dataType(DType.F32));
      complete(pointwise, "addition");
      var operation = made(OPERATION_POINTWISE);
      descriptors(operation, POINTWISE_PW_DESCRIPTOR, pointwise);
      descriptors(operation, POINTWISE_XDESC, a);
      descriptors(operation, POINTWISE_BDESC, b);
      descriptors(operation, POINTWISE_YDESC, sum);
      complete(operation, "addition of " + spec);
      return operation;
    }

    private MemorySegment made(int type) {
      var descriptor = create(type);
      descriptors.add(descriptor);
      return descriptor;
    }

    private void longs(MemorySegment descriptor, int attribute, long... values) {
      set(descriptor, attribute, TYPE_INT64, values.length, memory.allocateFrom(JAVA_LONG, values));
    }

    private void ints(MemorySegment descriptor, int attribute, int type, int value) {
      set(descriptor, attribute, type, 1, memory.allocateFrom(JAVA_INT, value));
    }

    private void floats(MemorySegment descriptor, int attribute, float value) {
      set(descriptor, attribute, TYPE_FLOAT, 1, memory.allocateFrom(JAVA_FLOAT, value));
    }

    private void descriptors(MemorySegment descriptor, int attribute, MemorySegment... values) {
      var array = memory.allocate(ADDRESS, values.length);
      for (int i = 0; i < values.length; i++) {
        array.setAtIndex(ADDRESS, i, values[i]);
      }
      set(descriptor, attribute, TYPE_BACKEND_DESCRIPTOR, values.length, array);
    }

    @Override
    public long workspaceBytes() {
      return workspaceBytes;
    }

    String describe() {
      try (var scratch = Arena.ofConfined()) {
        var count = scratch.allocate(JAVA_LONG);
        var text = scratch.allocate(MAX_JSON_BYTES);
        check(
            Native.call(
                getAttribute, plan, PLAN_JSON, TYPE_CHAR, (long) MAX_JSON_BYTES, count, text),
            "plan as JSON");
        return Native.text(text, MAX_JSON_BYTES);
      }
    }

    @Override
    public void enqueue(
        long x, long w, long bias, long residual, long y, long workspace, long stream) {
      if (offline()) {
        throw new IllegalStateException("cudnn: expected a device, got a plan made without one");
      }
      if (stream != boundStream) {
        check(Native.call(setStream, handle, stream), "cudnnSetStream");
        boundStream = stream;
      }
      bind(x, w, bias, residual, y, workspace);
      int status;
      try {
        status = (int) execute.invokeExact(handle, plan, pack);
      } catch (Throwable e) {
        throw Native.failed(e);
      }
      check(status, "cudnnBackendExecute");
    }

    /** Makes the pack of pointers anew where one of them has changed. */
    private void bind(long x, long w, long bias, long residual, long y, long workspace) {
      boolean same = !pack.equals(MemorySegment.NULL) && bound[operands.length] == workspace;
      for (int i = 0; i < operands.length; i++) {
        long pointer =
            switch (operands[i]) {
              case X -> x;
              case W -> w;
              case BIAS -> bias;
              case RESIDUAL -> residual;
              case Y -> y;
              case SUM, BIASED -> 0;
            };
        same &= bound[i] == pointer;
        bound[i] = pointer;
      }
      bound[operands.length] = workspace;
      if (same) {
        return;
      }
      if (!pack.equals(MemorySegment.NULL)) {
        Native.call(destroyDescriptor, pack);
        pack = MemorySegment.NULL;
      }
      try (var scratch = Arena.ofConfined()) {
        var ids = scratch.allocate(JAVA_LONG, operands.length);
        var pointers = scratch.allocate(JAVA_LONG, operands.length);
        for (int i = 0; i < operands.length; i++) {
          ids.setAtIndex(JAVA_LONG, i, operands[i].id);
          pointers.setAtIndex(JAVA_LONG, i, bound[i]);
        }
        pack = create(VARIANT_PACK);
        set(pack, VARIANT_PACK_UNIQUE_IDS, TYPE_INT64, operands.length, ids);
        set(pack, VARIANT_PACK_DATA_POINTERS, TYPE_VOID_PTR, operands.length, pointers);
        set(
            pack,
            VARIANT_PACK_WORKSPACE,
            TYPE_VOID_PTR,
            1,
            scratch.allocateFrom(JAVA_LONG, workspace));
        complete(pack, "variant pack");
      }
    }

    @Override
    public void close() {
      if (!pack.equals(MemorySegment.NULL)) {
        Native.call(destroyDescriptor, pack);
      }
      // Plans before what they were made from.
      descriptors.reversed().forEach(d -> Native.call(destroyDescriptor, d));
      descriptors.clear();
      memory.close();
    }
  }
}
