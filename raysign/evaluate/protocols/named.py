"""Protocols by their names, with the options that each takes."""

from __future__ import annotations

from raysign.errors import ConfigError
from raysign.evaluate.protocols.drawn import DRAWS, SHOTS, drawn
from raysign.evaluate.protocols.every import every_clip, leave_one_out
from raysign.evaluate.protocols.rounds import Rounds
from raysign.evaluate.protocols.supported import SUPPORT_DRAWS, supported
from raysign.evaluate.sides import Sides

PROTOCOLS = ("clips", "leave_one_out", "draws", "signer_disjoint_draws", "one_shot", "k_shot")
WITHOUT_DRAWS = {"clips": every_clip, "leave_one_out": leave_one_out}


def rounds_of(
    protocol: str, sides: Sides, *, draws: int | None, shots: int | None, seed: int
) -> Rounds:
    """The rounds of a protocol; ``draws`` and ``shots`` are None where they are not given.

    Raises:
        ConfigError: no such protocol, or one that is given an option that it does not have.
        SplitError: too few clips or signers for it.
    """
    if protocol == "growth":
        raise ConfigError(
            "growth is a curve and not one figure; type raysign growth MODEL --queries "
            f"{sides.queries} --gallery {sides.gallery}"
        )
    if protocol not in PROTOCOLS:
        raise ConfigError(f"no protocol is called {protocol!r}; give one of {', '.join(PROTOCOLS)}")
    if protocol in WITHOUT_DRAWS:
        if draws is not None or shots is not None:
            raise ConfigError(
                f"--draws and --shots are of the protocols that draw, got protocol {protocol}; "
                "type --protocol draws"
            )
        return WITHOUT_DRAWS[protocol](sides)
    shots = (1 if protocol == "one_shot" else SHOTS) if shots is None else shots
    if protocol in ("one_shot", "k_shot"):
        if protocol == "one_shot" and shots != 1:
            raise ConfigError(
                f"one_shot has 1 support clip a sign, got --shots {shots}; type --protocol k_shot "
                f"--shots {shots}"
            )
        return supported(
            sides,
            draws=SUPPORT_DRAWS if draws is None else draws,
            shots=shots,
            seed=seed,
            other_signers=protocol == "one_shot",
        )
    return drawn(
        sides,
        draws=DRAWS if draws is None else draws,
        shots=shots,
        seed=seed,
        signer_disjoint=protocol == "signer_disjoint_draws",
    )
