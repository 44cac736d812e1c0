package org.drag4j.kernels.cuda;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.kernels.cuda.driver.CudaDriver.FunctionAttribute;

/** Compiled kernels on the device: each module is loaded when first asked for, and once. */
final class CudaModules {
  /** Dynamic shared memory that every kernel may use without asking. */
  private static final int SHARED_BYTES = 48 << 10;

  private final CudaContext context;
  private final Map<String, Module> modules = new HashMap<>();

  /** A loaded module and the kernels looked up in it. */
  private static final class Module implements CudaContext.Resource {
    private final CudaContext context;
    private final long handle;
    private final Map<String, Long> functions = new HashMap<>();

    Module(CudaContext context, long handle) {
      this.context = context;
      this.handle = handle;
    }

    @Override
    public void release() {
      context.driver().unloadModule(handle);
    }
  }

  CudaModules(CudaContext context) {
    this.context = context;
  }

  /**
   * A kernel, ready to be launched with this much dynamic shared memory.
   *
   * @param module name of the module
   * @param image makes its cubin or PTX where it is not loaded yet
   * @throws org.drag4j.device.DeviceException where it does not load or has no such kernel
   */
  long function(String module, Supplier<byte[]> image, String kernel, int sharedBytes) {
    var driver = context.driver();
    var loaded = modules.get(module);
    if (loaded == null) {
      loaded = new Module(context, driver.loadModule(image.get()));
      modules.put(module, loaded);
      context.keep(loaded);
    }
    var function = loaded.functions.get(kernel);
    if (function == null) {
      function = driver.function(loaded.handle, kernel);
      loaded.functions.put(kernel, function);
    }
    raiseShared(driver, function, sharedBytes);
    return function;
  }

  private static void raiseShared(CudaDriver driver, long function, int bytes) {
    var limit = FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES;
    if (bytes > SHARED_BYTES && driver.functionAttribute(function, limit) < bytes) {
      driver.setFunctionAttribute(function, limit, bytes);
    }
  }
}
