package org.drag4j.kernels.cpu;

/**
 * The module of the Vector API. A JVM that is told to {@code --add-modules} it prints a line about
 * incubator modules on stderr, before anything else. The launcher therefore leaves the module out
 * and exports the method by which the JVM itself loads modules for agents; here it is called.
 */
final class VectorModule {
  private static final String NAME = "jdk.incubator.vector";
  private static final String LOADER = "jdk.internal.module";

  private static final boolean THERE = isResolved() || load();

  private VectorModule() {}

  /** Whether the classes of the Vector API can be used. */
  static boolean isThere() {
    return THERE;
  }

  private static boolean isResolved() {
    return ModuleLayer.boot().findModule(NAME).isPresent();
  }

  private static boolean load() {
    if (!Object.class.getModule().isExported(LOADER, VectorModule.class.getModule())) {
      return false;
    }
    try {
      var _ =
          Class.forName(LOADER + ".Modules")
              .getMethod("loadModule", String.class)
              .invoke(null, NAME);
      return true;
    } catch (ReflectiveOperationException e) {
      return false; // a Java without the module, or one that loads modules another way
    }
  }
}
