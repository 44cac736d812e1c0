package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.kernels.cuda.driver.CublasLt;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.kernels.cuda.driver.CudaLibraries;
import org.drag4j.kernels.cuda.driver.Cudnn;
import org.drag4j.kernels.cuda.driver.JCublas;
import org.drag4j.kernels.cuda.driver.JCudaBinding;
import org.drag4j.kernels.cuda.driver.JCudnnProvider;
import org.drag4j.kernels.cuda.driver.LibraryProbe;
import org.drag4j.kernels.cuda.driver.LibraryProvider;

/** The libraries that are here for a device to use. */
interface Libraries {
  /** None at all. */
  Libraries NONE =
      new Libraries() {
        @Override
        public Optional<String> missing(Library library) {
          return Optional.of("it was not looked for");
        }

        @Override
        public LibraryProvider open(Library library) {
          throw new DeviceException(library.label() + ": it was not looked for");
        }
      };

  /** Why a library cannot be had, as far as that shows without a device; empty where it can. */
  Optional<String> missing(Library library);

  /**
   * Starts a library in the current context.
   *
   * @throws DeviceException where it refuses
   */
  LibraryProvider open(Library library);

  /** Those that are found in the file system. */
  static Libraries of(CudaLibraries found, CudaDriver driver) {
    return new Libraries() {
      @Override
      public Optional<String> missing(Library library) {
        return reason(found, library);
      }

      @Override
      public LibraryProvider open(Library library) {
        var loaded = found.require(library.file());
        return switch (library) {
          case CUBLASLT -> CublasLt.open(loaded);
          case JCUBLAS -> JCublas.open(binding(library), loaded);
          case CUDNN -> Cudnn.open(loaded);
          case JCUDNN -> JCudnnProvider.open(binding(library), loaded);
        };
      }

      private JCudaBinding binding(Library library) {
        if (driver instanceof JCudaBinding binding) {
          return binding;
        }
        throw new DeviceException(
            library.label() + ": expected JCuda's driver, got another; use the other library");
      }
    };
  }

  /** One line for each provider: what it does, with which version from where, or why not. */
  static List<String> lines(CudaLibraries found) {
    var lines = new ArrayList<String>();
    for (var library : Library.values()) {
      var state = reason(found, library).orElseGet(() -> found.find(library.file()).line());
      var does = String.join(", ", library.operations());
      lines.add(library.label() + " (" + does + "): " + state);
    }
    return lines;
  }

  private static Optional<String> reason(CudaLibraries found, Library library) {
    return switch (found.find(library.file())) {
      case LibraryProbe.Missing(var _, var reason) ->
          Optional.of(reason + "; " + library.file().hint());
      case LibraryProbe.Loaded loaded ->
          switch (library) {
            case CUDNN -> Cudnn.unusable(loaded);
            case JCUDNN -> JCudnnProvider.unusable(loaded);
            case CUBLASLT, JCUBLAS -> Optional.empty();
          };
    };
  }
}
