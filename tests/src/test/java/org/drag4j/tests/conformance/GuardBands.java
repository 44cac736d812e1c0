package org.drag4j.tests.conformance;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.reference.WrappedBackend;

/** Moves what a plan keeps in its slab, scratch memory too, to guarded tensors of their own. */
final class GuardBands implements AutoCloseable {
  private final Backend backend;
  private final Map<Slot, Slot> moved = new HashMap<>();
  private final List<GuardedTensor> tensors = new ArrayList<>();

  GuardBands(Backend backend) {
    this.backend = backend;
  }

  /** The backend to compile a plan for whose memory is to be guarded. */
  Backend guarded() {
    return new WrappedBackend(
        backend,
        (node, kernel, at) ->
            kernel.bind(
                new Bindings() {
                  @Override
                  public Slot slot(Value v) {
                    var slot = at.slot(v);
                    return isPort(v) ? slot : move(slot, v.path() + " " + v.op().label());
                  }

                  @Override
                  public Slot workspace() {
                    return move(at.workspace(), "scratch memory of " + node.op().label());
                  }

                  @Override
                  public DeviceWeights weights() {
                    return at.weights();
                  }
                }));
  }

  /** Whether the caller binds it. */
  private static boolean isPort(Value v) {
    var root = v.root();
    return root.op() instanceof Op.Input
        || v.graph().outputs().values().stream().anyMatch(o -> o.root().equals(root));
  }

  private Slot move(Slot slot, String name) {
    return moved.computeIfAbsent(
        slot,
        _ -> {
          var t = slot.tensor();
          var guarded = GuardedTensor.allocate(backend, name, t.shape(), t.dtype());
          tensors.add(guarded);
          return new Slot(guarded.tensor());
        });
  }

  /** Overwrites everything with NaN. */
  void poison() {
    tensors.forEach(GuardedTensor::poison);
  }

  /** What was overwritten outside a tensor, if anything was. */
  Optional<String> damage() {
    return tensors.stream().flatMap(t -> t.damage().stream()).findFirst();
  }

  @Override
  public void close() {
    tensors.forEach(GuardedTensor::close);
  }
}
