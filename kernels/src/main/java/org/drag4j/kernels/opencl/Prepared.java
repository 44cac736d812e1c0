package org.drag4j.kernels.opencl;

import java.util.function.Function;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;

/** A chosen kernel: its name, its rounding, its scratch memory, and how it is bound. */
record Prepared(
    String name, boolean approximate, long workspaceBytes, Function<Bindings, Launch> binding)
    implements Kernel {
  Prepared(String name, long workspaceBytes, Function<Bindings, Launch> binding) {
    this(name, false, workspaceBytes, binding);
  }

  Prepared(String name, Function<Bindings, Launch> binding) {
    this(name, 0, binding);
  }

  @Override
  public Launch bind(Bindings at) {
    return binding.apply(at);
  }
}
