package org.drag4j.tests.parity;

import static org.drag4j.tests.parity.Recordings.SD15;
import static org.drag4j.tests.parity.Recordings.SD21;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.drag4j.device.DeviceOptions;
import org.drag4j.method.Session;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.tests.conformance.Target;
import org.drag4j.verify.ParityOptions;
import org.drag4j.weights.Safetensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every recorded tensor on an OpenCL device, with activations in F32 and in F16. */
class OpenClParityTest {
  private static final int TENSORS_OF_SD15 = 596 + 165;
  private static final int TENSORS_OF_SD21 = 106;

  private static Target single() {
    var device = Target.openCl();
    return new Target(device, device, DeviceOptions.DEFAULT);
  }

  private static Verified verified(Path folder, Target target, boolean exact) {
    try (var backend = target.open()) {
      return Verified.of(folder, backend, exact, ParityOptions.DEFAULT);
    }
  }

  @Test
  void singlePrecisionIsAsGoodAsTheCpu() {
    var sd15 = verified(SD15, single(), true);
    sd15.assertAllRight();
    assertEquals(TENSORS_OF_SD15, sd15.rows().size());
    assertEquals(1e-5, sd15.row("unet/square.out").allowed());
    for (var row : sd15.rows()) {
      assertTrue(row.relL2() <= Math.max(1.2e-5, row.allowed() / 3), row.toString());
    }
    var sd21 = verified(SD21, single(), false);
    sd21.assertAllRight();
    assertEquals(TENSORS_OF_SD21, sd21.rows().size());
  }

  @Test
  void halfPrecisionIsWithinItsOwnBounds() {
    var target = Target.inHalf(Target.openCl());
    var sd15 = verified(SD15, target, true);
    sd15.assertAllRight();
    assertEquals(TENSORS_OF_SD15, sd15.rows().size());
    assertEquals(1e-2, sd15.row("unet/square.out").allowed());
    // It is half precision that was checked.
    assertTrue(sd15.row("unet/square.out").relL2() > 1e-5, sd15.row("unet/square.out").toString());
    verified(SD21, target, false).assertAllRight();
  }

  /** Every step gets the recorded latent, so that its error is its own. */
  private static final class Forced extends FaultySession {
    private final Safetensors recorded;
    private final String run;
    private final LatentGrid latents;

    Forced(Session right, Safetensors recorded, String run) {
      super(right);
      this.recorded = recorded;
      this.run = run;
      this.latents = right.grid();
    }

    private float[] floats(String name) {
      try (var arena = Arena.ofConfined()) {
        return recorded.bytes(name, arena).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      }
    }

    @Override
    public void observe(String name, float[] latent) {
      super.observe(name, latent);
      if (name.matches("denoise\\.\\d+\\.in|invert\\.\\d+\\.latent")) {
        var right = latents.fromNchw(floats(run + "." + name));
        // The method goes on with this very array.
        System.arraycopy(right, 0, latent, 0, latent.length);
      }
    }
  }

  @Test
  void faultsShowInHalfPrecision(@TempDir Path folder) {
    var run = "leading";
    Recordings.copy(SD15, folder, "regiondrag");
    Recordings.onlyRun(folder, run);
    try (var backend = Target.inHalf(Target.openCl()).open();
        var recorded = Safetensors.open(Recordings.file(folder, "regiondrag"))) {
      Faulted faulted =
          fault ->
              Verified.of(
                  folder,
                  backend,
                  false,
                  new ParityOptions(false, e -> fault.apply(new Forced(e, recorded, run))));
      var right = faulted.by(FaultySession::new);
      right.assertAllRight();
      assertTriples(right, faulted.by(FaultySession.NoInjection::new), run, 0);
      assertTriples(right, faulted.by(FaultySession.SwappedLayers::new), run, 0);
      assertTriples(right, faulted.by(e -> new FaultySession.SwappedSteps(e, 2)), run, 2);
      // What is stored by call 4 of 6 is replayed in step 1 back.
      assertTriples(right, faulted.by(e -> new FaultySession.WrongStoredNoise(e, 4)), run, 1);
    }
  }

  /** A run with a fault. */
  @FunctionalInterface
  private interface Faulted {
    Verified by(UnaryOperator<Session> fault);
  }

  private static void assertTriples(Verified right, Verified wrong, String run, int step) {
    var name = String.format(Locale.ROOT, "regiondrag/%s.denoise.%02d.out", run, step);
    double before = right.row(name).relL2();
    double after = wrong.row(name).relL2();
    assertTrue(after > 3 * before, name + ": " + before + " without the fault, " + after + " with");
  }
}
