package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;

/**
 * A graph of cuDNN's and the plan chosen for it. Of the engines that cuDNN proposes the first is
 * taken that keeps this program's promises: sums in float32, no other arithmetic than the plain one
 * (no Winograd, no FFT, float32 not rounded on its way in), the same bits every time.
 */
final class CudnnPlan implements AutoCloseable {
  // cudnnBackendDescriptorType_t
  private static final int POINTWISE = 0;
  private static final int ENGINE = 2;
  private static final int ENGINECFG = 3;
  private static final int ENGINEHEUR = 4;
  private static final int EXECUTION_PLAN = 5;
  private static final int OPERATION_POINTWISE = 13;
  private static final int OPERATIONGRAPH = 15;
  private static final int VARIANT_PACK = 16;
  private static final int TENSOR = 17;

  // cudnnBackendAttributeType_t
  private static final int TYPE_HANDLE = 0;
  private static final int TYPE_DATA_TYPE = 1;
  private static final int TYPE_BOOLEAN = 2;
  private static final int TYPE_INT64 = 3;
  private static final int TYPE_FLOAT = 4;
  private static final int TYPE_VOID_PTR = 6;
  private static final int TYPE_HEUR_MODE = 8;
  private static final int TYPE_NUMERICAL_NOTE = 11;
  private static final int TYPE_POINTWISE_MODE = 14;
  private static final int TYPE_BACKEND_DESCRIPTOR = 15;
  private static final int TYPE_CHAR = 24;

  // cudnnBackendAttributeName_t
  private static final int POINTWISE_MODE = 0;
  private static final int POINTWISE_MATH_PREC = 1;
  private static final int ENGINEHEUR_MODE = 200;
  private static final int ENGINEHEUR_OPERATION_GRAPH = 201;
  private static final int ENGINEHEUR_RESULTS = 202;
  private static final int ENGINEHEUR_DEVICEPROP = 204;
  private static final int ENGINECFG_ENGINE = 300;
  private static final int PLAN_HANDLE = 400;
  private static final int PLAN_ENGINE_CONFIG = 401;
  private static final int PLAN_WORKSPACE_SIZE = 402;
  private static final int PLAN_JSON = 405;
  private static final int PLAN_DEVICEPROP = 407;
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
  private static final int TENSOR_IS_BY_VALUE = 908;
  private static final int VARIANT_PACK_UNIQUE_IDS = 1000;
  private static final int VARIANT_PACK_DATA_POINTERS = 1001;
  private static final int VARIANT_PACK_WORKSPACE = 1003;
  private static final int ENGINE_GLOBAL_INDEX = 1301;
  private static final int ENGINE_NUMERICAL_NOTE = 1303;

  private static final int POINTWISE_ADD = 0;
  private static final int HEUR_MODE_A = 3;
  private static final int HEUR_MODE_FALLBACK = 2;
  private static final int[] HEURISTICS = {HEUR_MODE_A, HEUR_MODE_FALLBACK};
  private static final int NOTE_TENSOR_CORE = 0;
  private static final int NOTE_STRICT_NAN_PROP = 9;

  private static final int ALIGNMENT = 16;
  private static final int MAX_CONFIGURATIONS = 64;
  private static final int MAX_NOTES = 32;
  private static final int MAX_JSON_BYTES = 1 << 20;

  /** Convolutions of one shape in a network, twice over. */
  private static final int MAX_PACKS = 64;

  private final Cudnn cudnn;
  private final Arena memory = Arena.ofShared();
  private final List<MemorySegment> descriptors = new ArrayList<>();
  private final List<MemorySegment> packs = new ArrayList<>();
  private final List<long[]> packed = new ArrayList<>();
  private final List<Long> operands = new ArrayList<>();
  private MemorySegment plan = MemorySegment.NULL;
  private long engine;
  private long workspaceBytes;
  private int oldest;

  CudnnPlan(Cudnn cudnn) {
    this.cudnn = cudnn;
  }

  /** An unfinished descriptor, destroyed with this. */
  MemorySegment made(int type) {
    var descriptor = cudnn.create(type);
    descriptors.add(descriptor);
    return descriptor;
  }

  void complete(MemorySegment descriptor, String what) {
    cudnn.check(cudnn.complete(descriptor), what);
  }

  void longs(MemorySegment descriptor, int attribute, long... values) {
    cudnn.set(
        descriptor, attribute, TYPE_INT64, values.length, memory.allocateFrom(JAVA_LONG, values));
  }

  void ints(MemorySegment descriptor, int attribute, int type, int value) {
    cudnn.set(descriptor, attribute, type, 1, memory.allocateFrom(JAVA_INT, value));
  }

  /** An attribute of {@code cudnnDataType_t}. */
  void type(MemorySegment descriptor, int attribute, DType dtype) {
    ints(descriptor, attribute, TYPE_DATA_TYPE, dataType(dtype));
  }

  void floats(MemorySegment descriptor, int attribute, float value) {
    cudnn.set(descriptor, attribute, TYPE_FLOAT, 1, memory.allocateFrom(JAVA_FLOAT, value));
  }

  void descriptors(MemorySegment descriptor, int attribute, MemorySegment... values) {
    var array = memory.allocate(ADDRESS, values.length);
    for (int i = 0; i < values.length; i++) {
      array.setAtIndex(ADDRESS, i, values[i]);
    }
    cudnn.set(descriptor, attribute, TYPE_BACKEND_DESCRIPTOR, values.length, array);
  }

  /** A tensor that the caller gives a pointer for, in the order in which these are made. */
  MemorySegment operand(long id, DType dtype, long[] dims, long[] strides) {
    operands.add(id);
    return tensor(id, dtype, dims, strides, ALIGNMENT, 0);
  }

  /** A tensor that stays inside the graph, in float32. */
  MemorySegment inside(long id, long[] dims, long[] strides) {
    return tensor(id, DType.F32, dims, strides, ALIGNMENT, TENSOR_IS_VIRTUAL);
  }

  /** A float32 that the caller gives a host pointer for. */
  MemorySegment scalar(long id) {
    operands.add(id);
    long[] one = {1, 1, 1, 1};
    return tensor(id, DType.F32, one, one, Float.BYTES, TENSOR_IS_BY_VALUE);
  }

  /** A float32 that lives as long as this. */
  long hostValue(float value) {
    return memory.allocateFrom(JAVA_FLOAT, value).address();
  }

  private MemorySegment tensor(
      long id, DType dtype, long[] dims, long[] strides, int alignment, int flag) {
    var tensor = made(TENSOR);
    longs(tensor, TENSOR_UNIQUE_ID, id);
    type(tensor, TENSOR_DATA_TYPE, dtype);
    longs(tensor, TENSOR_DIMENSIONS, dims);
    longs(tensor, TENSOR_STRIDES, strides);
    longs(tensor, TENSOR_BYTE_ALIGNMENT, alignment);
    if (flag != 0) {
      cudnn.set(tensor, flag, TYPE_BOOLEAN, 1, memory.allocateFrom(JAVA_BYTE, (byte) 1));
    }
    complete(tensor, "tensor " + id);
    return tensor;
  }

  /** The operation {@code sum = a + b}; b may be broadcast. */
  MemorySegment add(MemorySegment a, MemorySegment b, MemorySegment sum) {
    var pointwise = made(POINTWISE);
    ints(pointwise, POINTWISE_MODE, TYPE_POINTWISE_MODE, POINTWISE_ADD);
    type(pointwise, POINTWISE_MATH_PREC, DType.F32);
    complete(pointwise, "addition");
    var operation = made(OPERATION_POINTWISE);
    descriptors(operation, POINTWISE_PW_DESCRIPTOR, pointwise);
    descriptors(operation, POINTWISE_XDESC, a);
    descriptors(operation, POINTWISE_BDESC, b);
    descriptors(operation, POINTWISE_YDESC, sum);
    complete(operation, "addition");
    return operation;
  }

  /**
   * Chooses an engine for these operations; empty where one was found, else why none was.
   *
   * @param dtype of the operands
   */
  Optional<String> choose(List<MemorySegment> operations, DType dtype, long workspaceLimit) {
    var graph = made(OPERATIONGRAPH);
    if (!cudnn.offline()) {
      handle(graph, OPERATIONGRAPH_HANDLE);
    }
    descriptors(graph, OPERATIONGRAPH_OPS, operations.toArray(MemorySegment[]::new));
    int status = cudnn.complete(graph);
    if (status != Cudnn.SUCCESS) {
      return Optional.of(cudnn.failure(status, "graph"));
    }
    int proposed = 0;
    String last = "";
    for (int mode : HEURISTICS) {
      var heuristic = made(ENGINEHEUR);
      descriptors(heuristic, ENGINEHEUR_OPERATION_GRAPH, graph);
      ints(heuristic, ENGINEHEUR_MODE, TYPE_HEUR_MODE, mode);
      if (cudnn.offline()) {
        descriptors(heuristic, ENGINEHEUR_DEVICEPROP, cudnn.deviceProperties());
      }
      status = cudnn.complete(heuristic);
      if (status != Cudnn.SUCCESS) {
        last = cudnn.failure(status, "heuristic");
        continue;
      }
      var configurations = memory.allocate(ADDRESS, MAX_CONFIGURATIONS);
      for (int i = 0; i < MAX_CONFIGURATIONS; i++) {
        configurations.setAtIndex(ADDRESS, i, made(ENGINECFG));
      }
      long found =
          cudnn.get(
              heuristic,
              ENGINEHEUR_RESULTS,
              TYPE_BACKEND_DESCRIPTOR,
              MAX_CONFIGURATIONS,
              configurations);
      for (int i = 0; i < found; i++) {
        proposed++;
        var refusal = plan(configurations.getAtIndex(ADDRESS, i), dtype, workspaceLimit);
        if (refusal.isEmpty()) {
          return Optional.empty();
        }
        last = refusal.get();
      }
    }
    return Optional.of(
        "cuDNN proposes "
            + proposed
            + " engines and none fits"
            + (last.isEmpty() ? "" : ": ")
            + last);
  }

  /** Takes a configuration; empty where that worked, else why not. */
  private Optional<String> plan(MemorySegment configuration, DType dtype, long workspaceLimit) {
    var chosen = memory.allocateFrom(ADDRESS, made(ENGINE));
    cudnn.get(configuration, ENGINECFG_ENGINE, TYPE_BACKEND_DESCRIPTOR, 1, chosen);
    var engineAt = chosen.get(ADDRESS, 0);
    var index = memory.allocate(JAVA_LONG);
    cudnn.get(engineAt, ENGINE_GLOBAL_INDEX, TYPE_INT64, 1, index);
    var notes = memory.allocate(JAVA_INT, MAX_NOTES);
    long count = cudnn.get(engineAt, ENGINE_NUMERICAL_NOTE, TYPE_NUMERICAL_NOTE, MAX_NOTES, notes);
    for (int i = 0; i < count; i++) {
      int note = notes.getAtIndex(JAVA_INT, i);
      boolean half = dtype != DType.F32;
      if (note != NOTE_STRICT_NAN_PROP && !(half && note == NOTE_TENSOR_CORE)) {
        return Optional.of("engine " + index.get(JAVA_LONG, 0) + " has numerical note " + note);
      }
    }
    var candidate = made(EXECUTION_PLAN);
    if (cudnn.offline()) {
      descriptors(candidate, PLAN_DEVICEPROP, cudnn.deviceProperties());
    } else {
      handle(candidate, PLAN_HANDLE);
    }
    descriptors(candidate, PLAN_ENGINE_CONFIG, configuration);
    int status = cudnn.complete(candidate);
    if (status != Cudnn.SUCCESS) {
      return Optional.of(cudnn.failure(status, "plan")); // Proposed, but not for this device.
    }
    var value = memory.allocate(JAVA_LONG);
    cudnn.get(candidate, PLAN_WORKSPACE_SIZE, TYPE_INT64, 1, value);
    if (value.get(JAVA_LONG, 0) > workspaceLimit) {
      return Optional.of("a plan wants " + (value.get(JAVA_LONG, 0) >> 20) + " MB of workspace");
    }
    plan = candidate;
    engine = index.get(JAVA_LONG, 0);
    workspaceBytes = value.get(JAVA_LONG, 0);
    return Optional.empty();
  }

  private void handle(MemorySegment descriptor, int attribute) {
    cudnn.set(descriptor, attribute, TYPE_HANDLE, 1, memory.allocateFrom(ADDRESS, cudnn.handle()));
  }

  /** {@code cudnnDataType_t}. */
  static int dataType(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 2;
      case BF16 -> 9;
      case F64, I32, I64, U8 ->
          throw new IllegalArgumentException("cudnn: expected F16, BF16 or F32, got " + dtype);
    };
  }

  String algorithm() {
    return "engine" + engine;
  }

  long workspaceBytes() {
    return workspaceBytes;
  }

  /** What cuDNN says of the plan, as JSON. */
  String describe() {
    try (var scratch = Arena.ofConfined()) {
      var text = scratch.allocate(MAX_JSON_BYTES);
      cudnn.get(plan, PLAN_JSON, TYPE_CHAR, MAX_JSON_BYTES, text);
      return Native.text(text, MAX_JSON_BYTES);
    }
  }

  /** Enqueues the plan on the operands, which are in the order in which they were made. */
  void execute(long[] pointers, long workspace, long stream) {
    if (cudnn.offline()) {
      throw new IllegalStateException("cudnn: expected a device, got a plan made without one");
    }
    cudnn.execute(plan, pack(pointers, workspace), stream);
  }

  /** The pack of these pointers: one is made when they are first met, the oldest given up. */
  private MemorySegment pack(long[] pointers, long workspace) {
    for (int i = 0; i < packed.size(); i++) {
      if (same(packed.get(i), pointers, workspace)) {
        return packs.get(i);
      }
    }
    if (pointers.length != operands.size()) {
      throw new IllegalArgumentException(
          "cudnn: expected " + operands.size() + " pointers, got " + pointers.length);
    }
    var pack = cudnn.create(VARIANT_PACK);
    try (var scratch = Arena.ofConfined()) {
      var ids = scratch.allocate(JAVA_LONG, pointers.length);
      var at = scratch.allocate(JAVA_LONG, pointers.length);
      for (int i = 0; i < pointers.length; i++) {
        ids.setAtIndex(JAVA_LONG, i, operands.get(i));
        at.setAtIndex(JAVA_LONG, i, pointers[i]);
      }
      var room = scratch.allocateFrom(JAVA_LONG, workspace);
      cudnn.set(pack, VARIANT_PACK_UNIQUE_IDS, TYPE_INT64, pointers.length, ids);
      cudnn.set(pack, VARIANT_PACK_DATA_POINTERS, TYPE_VOID_PTR, pointers.length, at);
      cudnn.set(pack, VARIANT_PACK_WORKSPACE, TYPE_VOID_PTR, 1, room);
      complete(pack, "variant pack");
    } catch (DeviceException e) {
      cudnn.destroy(pack);
      throw e;
    }
    var key = new long[pointers.length + 1];
    System.arraycopy(pointers, 0, key, 0, pointers.length);
    key[pointers.length] = workspace;
    if (packs.size() < MAX_PACKS) {
      packs.add(pack);
      packed.add(key);
    } else {
      cudnn.destroy(packs.set(oldest, pack));
      packed.set(oldest, key);
      oldest = (oldest + 1) % MAX_PACKS;
    }
    return pack;
  }

  private static boolean same(long[] key, long[] pointers, long workspace) {
    for (int i = 0; i < pointers.length; i++) {
      if (key[i] != pointers[i]) {
        return false;
      }
    }
    return key[pointers.length] == workspace;
  }

  @Override
  public void close() {
    packs.forEach(cudnn::destroy);
    packs.clear();
    packed.clear();
    // Plans before what they were made from.
    descriptors.reversed().forEach(cudnn::destroy);
    descriptors.clear();
    memory.close();
  }
}
