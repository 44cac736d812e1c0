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
import org.drag4j.kernels.cuda.driver.Library;
import org.drag4j.kernels.cuda.driver.LibraryProbe;

/** The providers that are here for a device to use. */
interface Libraries {
  /** None at all. */
  Libraries NONE =
      new Libraries() {
        @Override
        public Optional<String> missing(Provider provider) {
          return Optional.of("it was not looked for");
        }

        @Override
        public Library open(Provider provider) {
          throw new DeviceException(provider.label() + ": it was not looked for");
        }
      };

  /** Why a provider cannot be had, as far as that shows without a device; empty where it can. */
  Optional<String> missing(Provider provider);

  /**
   * Starts a provider's library in the current context.
   *
   * @throws DeviceException where it refuses
   */
  Library open(Provider provider);

  /** Those that are found in the file system. */
  static Libraries of(CudaLibraries found, CudaDriver driver) {
    return new Libraries() {
      @Override
      public Optional<String> missing(Provider provider) {
        return reason(found, provider);
      }

      @Override
      public Library open(Provider provider) {
        var loaded = found.require(provider.file());
        return switch (provider) {
          case CUBLASLT -> CublasLt.open(loaded);
          case JCUBLAS -> JCublas.open(binding(provider), loaded);
          case CUDNN -> Cudnn.open(loaded);
          case JCUDNN -> JCudnnProvider.open(binding(provider), loaded);
        };
      }

      private JCudaBinding binding(Provider provider) {
        if (driver instanceof JCudaBinding binding) {
          return binding;
        }
        throw new DeviceException(
            provider.label() + ": expected JCuda's driver, got another; use the other library");
      }
    };
  }

  /** One line for each provider: what it does, with which version from where, or why not. */
  static List<String> lines(CudaLibraries found) {
    var lines = new ArrayList<String>();
    for (var provider : Provider.values()) {
      var state = reason(found, provider).orElseGet(() -> found.find(provider.file()).line());
      var does = String.join(", ", provider.operations());
      lines.add(provider.label() + " (" + does + "): " + state);
    }
    return lines;
  }

  private static Optional<String> reason(CudaLibraries found, Provider provider) {
    return switch (found.find(provider.file())) {
      case LibraryProbe.Missing(var _, var reason) ->
          Optional.of(reason + "; " + provider.file().hint());
      case LibraryProbe.Loaded loaded ->
          switch (provider) {
            case CUDNN -> Cudnn.unusable(loaded);
            case JCUDNN -> JCudnnProvider.unusable(loaded);
            case CUBLASLT, JCUBLAS -> Optional.empty();
          };
    };
  }
}
