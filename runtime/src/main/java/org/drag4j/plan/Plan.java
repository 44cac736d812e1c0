package org.drag4j.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.Slot;
import org.drag4j.device.Step;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Cost;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;

/**
 * A graph compiled for a device: kernels chosen, memory laid out in one slab. It is run many times;
 * a run allocates nothing.
 */
public final class Plan implements AutoCloseable {
  private final Backend backend;
  private final List<Step> steps;
  private final DeviceMemory slab;
  private final SequencedMap<String, Port> ports;
  private final Set<String> unbound;

  /** A named input or output: the value it stands for and where that is. */
  private record Port(Value value, Slot slot) {}

  private Plan(
      Backend backend,
      List<Step> steps,
      DeviceMemory slab,
      SequencedMap<String, Port> ports,
      Set<String> unbound) {
    this.backend = backend;
    this.steps = steps;
    this.slab = slab;
    this.ports = ports;
    this.unbound = unbound;
  }

  /**
   * Compiles what the graph's outputs need.
   *
   * @throws UnsupportedOpException listing every node the device has no kernel for
   * @throws org.drag4j.device.DeviceMemoryException where the slab does not fit
   */
  public static Plan compile(
      Graph graph, Backend backend, DeviceWeights weights, PlanOptions options) {
    var fused =
        Fusion.apply(
            graph, options.fusionsOff(), v -> backend.select(v, options.kernels()).isPresent());
    return new Compiler(fused, backend, weights, options).compile();
  }

  /** What runs, in order. */
  public List<Step> steps() {
    return steps;
  }

  /** Bytes of the slab that holds activations and scratch memory. */
  public long slabBytes() {
    return slab.byteSize();
  }

  /** Sum of the least costs of all steps. */
  public Cost cost() {
    return steps.stream().map(Step::cost).reduce(Cost.ZERO, Cost::plus);
  }

  /** Names of the inputs and outputs. */
  public Set<String> names() {
    return ports.sequencedKeySet();
  }

  /**
   * The tensor an input is read from or an output is written to.
   *
   * @throws IllegalArgumentException where there is none of that name, or it is not bound yet
   */
  public Tensor tensor(String name) {
    var port = port(name);
    if (unbound.contains(name)) {
      throw new IllegalArgumentException(name + ": expected to be bound before use, got no tensor");
    }
    var at = port.slot().tensor();
    return new Tensor(at.memory(), at.offset(), port.value().shape(), port.value().dtype());
  }

  /** The value an input or output stands for. */
  public Value value(String name) {
    return port(name).value();
  }

  /**
   * Makes the next runs read an input from, or write an output to, another tensor of the device.
   *
   * @throws IllegalArgumentException where name, shape, type or device do not fit
   */
  public void bind(String name, Tensor tensor) {
    var v = port(name).value();
    if (!tensor.shape().equals(v.shape())
        || tensor.dtype() != v.dtype()
        || !tensor.memory().device().equals(backend.device())) {
      throw new IllegalArgumentException(
          name
              + ": expected "
              + v.shape()
              + " "
              + v.dtype()
              + " on "
              + backend.device()
              + ", got "
              + tensor.shape()
              + " "
              + tensor.dtype()
              + " on "
              + tensor.memory().device());
    }
    port(name).slot().rebind(tensor);
    unbound.remove(name);
  }

  /**
   * Computes the outputs from the inputs.
   *
   * @throws IllegalStateException where an external tensor was never bound
   */
  public void run(Trace trace) {
    if (!unbound.isEmpty()) {
      throw new IllegalStateException("plan: expected every external tensor bound, not " + unbound);
    }
    boolean measured = !trace.equals(Trace.OFF);
    try {
      // By index: an iterator would be the run's only allocation.
      for (int i = 0; i < steps.size(); i++) {
        var step = steps.get(i);
        trace.begin(step);
        if (measured) {
          backend.measure(step);
        }
        step.launch().enqueue();
        trace.end(step);
      }
    } finally {
      if (measured) {
        backend.measure(null);
      }
    }
    backend.synchronize();
    if (measured) {
      backend.report(trace::measured);
    }
  }

  /** Releases the slab. */
  @Override
  public void close() {
    slab.close();
  }

  private Port port(String name) {
    var port = ports.get(name);
    if (port == null) {
      throw new IllegalArgumentException(name + ": expected one of " + names());
    }
    return port;
  }

  /** One compilation. */
  private static final class Compiler {
    private final Graph graph;
    private final Backend backend;
    private final DeviceWeights weights;
    private final PlanOptions options;
    private final List<Value> nodes;
    private final Map<Value, Slot> slots = new HashMap<>();

    private record Chosen(Value node, Kernel kernel, MemoryLayout.Block workspace) {}

    Compiler(Graph graph, Backend backend, DeviceWeights weights, PlanOptions options) {
      this.graph = graph;
      this.backend = backend;
      this.weights = weights;
      this.options = options;
      this.nodes = graph.live();
    }

    Plan compile() {
      var ports = portNames();
      var layout = new MemoryLayout();
      var chosen = choose(layout);
      // What the caller sees is of the type the graph says.
      var seen = new HashSet<Value>();
      ports.values().forEach(v -> seen.add(root(v)));
      var blocks = blocks(layout, chosen, ports, seen);
      var slab = backend.allocate(layout.place(), "activations");
      try {
        for (var e : blocks.entrySet()) {
          var v = e.getKey();
          var dtype = seen.contains(v) ? v.dtype() : kept(v);
          slots.put(v, new Slot(new Tensor(slab, e.getValue().offset(), v.shape(), dtype)));
        }
        var unbound = new HashSet<String>();
        var bound = new LinkedHashMap<String, Port>();
        ports.forEach((name, v) -> {
          var root = root(v);
          if (options.external().test(name)) {
            // Until it is bound the slot holds nothing; the placeholder is never read.
            slots.putIfAbsent(root, new Slot(placeholder(slab, v)));
            unbound.add(name);
          }
          bound.put(name, new Port(v, slot(root)));
        });
        var steps = new ArrayList<Step>();
        for (var c : chosen) {
          steps.add(
              new Step(c.node(), c.kernel(), c.kernel().bind(bindings(slab, c)), c.node().cost()));
        }
        return new Plan(backend, List.copyOf(steps), slab, bound, unbound);
      } catch (RuntimeException | Error e) {
        slab.close();
        throw e;
      }
    }

    private SequencedMap<String, Value> portNames() {
      var ports = new LinkedHashMap<String, Value>();
      for (var v : nodes) {
        if (v.op() instanceof Op.Input(var name)) {
          ports.put(name, v);
        }
      }
      var taken = new HashMap<Value, String>();
      graph
          .outputs()
          .forEach((name, v) -> {
            var other = taken.putIfAbsent(root(v), name);
            boolean aliased = other != null || root(v).op() instanceof Op.Input;
            if (aliased && options.external().test(name)) {
              throw new IllegalArgumentException(
                  "output "
                      + name
                      + ": expected a value of its own to bind, got that of "
                      + root(v).path());
            }
            ports.put(name, v);
          });
      return ports;
    }

    private List<Chosen> choose(MemoryLayout layout) {
      var missing = new ArrayList<String>();
      var chosen = new ArrayList<Chosen>();
      for (var node : nodes) {
        if (!computed(node)) {
          continue;
        }
        Optional<Kernel> kernel;
        try {
          kernel = backend.select(node, options.kernels());
        } catch (UnsupportedOpException e) {
          missing.add(String.valueOf(e.getMessage()));
          continue;
        }
        if (kernel.isEmpty()) {
          missing.add(node.toString());
          continue;
        }
        int step = chosen.size();
        long scratch = kernel.get().workspaceBytes();
        chosen.add(new Chosen(node, kernel.get(), layout.add(scratch, step, step)));
      }
      if (!missing.isEmpty()) {
        throw new UnsupportedOpException(
            backend.device() + " has no kernel for:\n  " + String.join("\n  ", missing));
      }
      return chosen;
    }

    /** A block for every value that is stored, alive from its step to its last reader's. */
    private Map<Value, MemoryLayout.Block> blocks(
        MemoryLayout layout, List<Chosen> chosen, Map<String, Value> ports, Set<Value> seen) {
      var external = new HashSet<Value>();
      ports.forEach((name, v) -> {
        if (options.external().test(name)) {
          external.add(root(v));
        }
      });
      var blocks = new LinkedHashMap<Value, MemoryLayout.Block>();
      int end = chosen.size();
      for (var v : ports.values()) {
        // Inputs stay as they were written from one run to the next.
        if (v.op() instanceof Op.Input && !external.contains(v)) {
          blocks.put(v, layout.add(bytes(v, v.dtype()), -1, end));
        }
      }
      for (int step = 0; step < chosen.size(); step++) {
        var node = chosen.get(step).node();
        for (var in : node.inputs()) {
          var block = blocks.get(root(in));
          if (block != null) {
            block.keepUntil(step);
          }
        }
        if (!external.contains(node)) {
          var dtype = seen.contains(node) ? node.dtype() : kept(node);
          blocks.put(node, layout.add(bytes(node, dtype), step, step));
        }
      }
      for (var v : ports.values()) {
        var block = blocks.get(root(v));
        if (block != null) {
          block.keepUntil(end);
        }
      }
      return blocks;
    }

    private Bindings bindings(DeviceMemory slab, Chosen c) {
      var scratch =
          new Slot(
              new Tensor(
                  slab,
                  c.workspace().offset(),
                  Shape.of(Math.toIntExact(c.kernel().workspaceBytes() / Float.BYTES)),
                  DType.F32));
      return new Bindings() {
        @Override
        public Slot slot(Value v) {
          return Compiler.this.slot(root(v));
        }

        @Override
        public Slot workspace() {
          return scratch;
        }

        @Override
        public DeviceWeights weights() {
          return weights;
        }
      };
    }

    private Slot slot(Value root) {
      var slot = slots.get(root);
      if (slot == null) {
        throw new IllegalStateException(root + ": has no place in memory");
      }
      return slot;
    }

    private static Tensor placeholder(DeviceMemory slab, Value v) {
      return new Tensor(slab, 0, Shape.of(0), v.dtype());
    }

    private static boolean computed(Value v) {
      return !(v.op() instanceof Op.Input
          || v.op() instanceof Op.Weight
          || v.op() instanceof Op.Reshape);
    }

    /** What a chain of reshapes is a view of. */
    private static Value root(Value v) {
      while (v.op() instanceof Op.Reshape) {
        v = v.in(0);
      }
      return v;
    }

    private DType kept(Value v) {
      return v.dtype() == DType.F32 ? backend.activations() : v.dtype();
    }

    private static long bytes(Value v, DType dtype) {
      return Math.multiplyExact(v.shape().size(), dtype.bytes());
    }
  }
}
