package org.drag4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.drag4j.device.Bindings;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.driver.KernelCall;
import org.drag4j.kernels.cuda.driver.StreamCall;
import org.drag4j.kernels.cuda.kernel.CudaKernel;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;

/** The calls of a node, for the present addresses of its operands. */
final class CudaCalls {
  /**
   * Alignment that NVIDIA's libraries ask of their workspace; the repository's own kernels need
   * less. Plans align less too, so workspaces have room to start later.
   */
  static final long ALIGNMENT = 256;

  private final Prepared kernel;
  private final Bindings at;
  private final DType type;
  private final List<StreamCall> calls = new ArrayList<>();
  private final Set<Slot> placed = new HashSet<>();
  // Freed with the calls, which may outlive this plan in a recording.
  private final Arena arena = Arena.ofAuto();

  private CudaCalls(Prepared kernel, Bindings at) {
    this.kernel = kernel;
    this.at = at;
    this.type = kernel.backend().activations();
  }

  /**
   * Calls in their order, and the places of their operands and results.
   *
   * @param calls none where there is nothing to compute
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared; a run must not allocate iterators
  record Made(StreamCall[] calls, CudaPlace[] places) {}

  /**
   * A bank, for kernels that read the number of the first sample when they run.
   *
   * @param all address of its first sample
   * @param first address of the number of the first sample that is to be used
   * @param sample elements of one
   */
  record Banked(long all, long first, long sample) {}

  static Made of(Prepared kernel, Bindings at) {
    var calls = new CudaCalls(kernel, at);
    if (kernel.node().shape().size() > 0) {
      kernel.work().accept(calls);
    }
    return new Made(calls.calls.toArray(StreamCall[]::new), calls.places());
  }

  private CudaPlace[] places() {
    var slots = new LinkedHashSet<Slot>();
    for (var v : kernel.node().inputs()) {
      if (!(v.root().op() instanceof Op.Weight)) {
        slots.add(at.slot(v));
      }
    }
    slots.add(at.slot(kernel.node()));
    return slots.stream()
        .map(slot -> new CudaPlace(slot, slot.bank() != null && !placed.contains(slot)))
        .toArray(CudaPlace[]::new);
  }

  /** The bank an operand is in; empty where it is in none. */
  Optional<Banked> bank(int i) {
    return bank(kernel.node().in(i));
  }

  /** The bank the result goes to; empty where it goes to none. */
  Optional<Banked> bankOut() {
    return bank(kernel.node());
  }

  private Optional<Banked> bank(Value v) {
    var bank = at.slot(v).bank();
    if (bank == null) {
      return Optional.empty();
    }
    long samples = Math.max(1, v.shape().dim(0));
    return Optional.of(
        new Banked(
            CudaMemory.address(bank.all()),
            CudaMemory.address(bank.first()),
            v.shape().size() / samples));
  }

  /** Where a slot's tensor is in this run. */
  private long place(Slot slot) {
    placed.add(slot);
    return CudaMemory.address(slot);
  }

  /** Format of operands and result. */
  DType type() {
    return type;
  }

  /** Address of an operand; that of a bank's samples holds for this run only. */
  long in(int i) {
    var v = kernel.node().in(i);
    return v.root().op() instanceof Op.Weight(var param) ? weight(param) : place(at.slot(v));
  }

  private long weight(Param param) {
    var tensor = ((CudaWeights) at.weights()).tensor(param, type);
    return ((CudaMemory) tensor.memory()).address() + tensor.offset();
  }

  /** Address for the result. */
  long out() {
    return place(at.slot(kernel.node()));
  }

  /** Address of the kernel's own scratch memory. */
  long scratch() {
    return Math.ceilDiv(CudaMemory.address(at.workspace()), ALIGNMENT) * ALIGNMENT;
  }

  /** Appends a call. */
  <A extends Record> void add(CudaKernel<A> called, A args) {
    var backend = kernel.backend();
    int shared = called.sharedBytes(args);
    var file = called.file();
    long function =
        backend
            .modules()
            .function(file, () -> backend.programs().image(file), called.name(), shared);
    var bytes = arena.allocate(called.arguments().size(), 16);
    called.arguments().write(args, bytes);
    var grid = called.grid(args);
    var shape = KernelCall.Shape.of(grid.x(), grid.y(), grid.z(), called.threads(), shared);
    calls.add(KernelCall.of(arena, function, shape, bytes));
  }

  /** Appends what a library does. */
  void add(StreamCall.OfLibrary call) {
    calls.add(call);
  }

  /** The node. */
  Value node() {
    return kernel.node();
  }
}
