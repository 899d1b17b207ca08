/** What `nft -nn monitor trace` of nftables 1.0.6 told on Linux 6.18 about packets of instances on tap2 and tap3. */

/** An echo request from tap2 to tap3, allowed at both ends. */
export const PING = `
trace id 825d6513 inet slash32-trace prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 47734 ip protocol 1 ip length 84 icmp type 8 icmp code 0 icmp id 84 icmp sequence 1 @th,64,96 0x5c33076b0000000029360900 
trace id 825d6513 inet slash32-trace prerouting rule iifname "tap2" limit rate 50/second meta nftrace set 1 (verdict continue)
trace id 825d6513 inet slash32-trace prerouting policy accept 
trace id 825d6513 inet slash32 prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 47734 ip protocol 1 ip length 84 icmp type 8 icmp code 0 icmp id 84 icmp sequence 1 @th,64,96 0x5c33076b0000000029360900 
trace id 825d6513 inet slash32 prerouting rule iifname "tap*" jump from-instance comment "from an instance #080e03a871" (verdict jump from-instance)
trace id 825d6513 inet slash32 from-instance rule iifname . ether saddr . ip saddr @sources4 goto known-source4 comment "own address #dec7ab8e95" (verdict goto known-source4)
trace id 825d6513 inet slash32 prerouting policy accept 
trace id 825d6513 inet slash32 forward packet: iif "tap2" oif "tap3" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 63 ip id 47734 ip protocol 1 ip length 84 icmp type 8 icmp code 0 icmp id 84 icmp sequence 1 @th,64,96 0x5c33076b0000000029360900 
trace id 825d6513 inet slash32 forward rule ct mark & 0x007fffff != 0x004ada32 jump source-end comment "source end not passed in generation 711218 #729d520be0" (verdict jump source-end)
trace id 825d6513 inet slash32 source-end rule ct direction 0 iifname vmap @egress-of comment "judge by the original packet #cc4e7b1a0b" (verdict jump egress/default/open)
trace id 825d6513 inet slash32 egress/default/open rule meta nfproto 2 goto source-passes comment "default/open egress IPv4: anything #ef233ed3d1" (verdict goto source-passes)
trace id 825d6513 inet slash32 source-passes rule ct mark set ct mark & 0xff4ada32 | 0x004ada32 return comment "source end passes in generation 711218 #9f0cf91ee3" (verdict return)
trace id 825d6513 inet slash32 source-end rule goto source-judged comment "passed or not #2e14866bb1" (verdict goto source-judged)
trace id 825d6513 inet slash32 source-judged rule ct mark & 0x007fffff == 0x004ada32 return comment "source end passes in generation 711218 #d177c78b7d" (verdict return)
trace id 825d6513 inet slash32 forward rule goto destination-end comment "destination end #04b743bb57" (verdict goto destination-end)
trace id 825d6513 inet slash32 destination-end rule ct direction 0 oifname vmap @ingress-of comment "judge by the original packet #bdcf02c4b7" (verdict jump ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a)
trace id 825d6513 inet slash32 ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a rule meta l4proto 1 goto destination-passes comment "default/open ingress IPv4: icmp #3094b11339" (verdict goto destination-passes)
trace id 825d6513 inet slash32 destination-passes rule ct mark & 0x007fffff == 0x004ada32 ct mark set ct mark | 0x00800000 accept comment "both ends pass in generation 711218 #5b7163bc34" (verdict accept)
`;

/** Its answer: a flow that passed. */
export const PONG = `
trace id 40948eed inet slash32-trace prerouting packet: iif "tap3" ether saddr 52:54:00:00:00:03 ether daddr ee:d1:b9:ae:b5:3e ip saddr 10.70.0.3 ip daddr 10.70.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 35838 ip protocol 1 ip length 84 icmp type 0 icmp code 0 icmp id 84 icmp sequence 1 @th,64,96 0x5c33076b0000000029360900 
trace id 40948eed inet slash32-trace prerouting rule ip daddr 10.70.0.2 meta nftrace set 1 (verdict continue)
trace id 40948eed inet slash32-trace prerouting policy accept 
trace id 40948eed inet slash32 prerouting packet: iif "tap3" ether saddr 52:54:00:00:00:03 ether daddr ee:d1:b9:ae:b5:3e ip saddr 10.70.0.3 ip daddr 10.70.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 35838 ip protocol 1 ip length 84 icmp type 0 icmp code 0 icmp id 84 icmp sequence 1 @th,64,96 0x5c33076b0000000029360900 
trace id 40948eed inet slash32 prerouting rule iifname "tap*" jump from-instance comment "from an instance #080e03a871" (verdict jump from-instance)
trace id 40948eed inet slash32 from-instance rule iifname . ether saddr . ip saddr @sources4 goto known-source4 comment "own address #dec7ab8e95" (verdict goto known-source4)
trace id 40948eed inet slash32 prerouting policy accept 
trace id 40948eed inet slash32 forward packet: iif "tap3" oif "tap2" ether saddr 52:54:00:00:00:03 ether daddr ee:d1:b9:ae:b5:3e ip saddr 10.70.0.3 ip daddr 10.70.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 63 ip id 35838 ip protocol 1 ip length 84 icmp type 0 icmp code 0 icmp id 84 icmp sequence 1 @th,64,96 0x5c33076b0000000029360900 
trace id 40948eed inet slash32 forward rule ct mark & 0x00ffffff == 0x00cada32 accept comment "both ends passed in generation 711218 #55fb601a0e" (verdict accept)
`;

/** A datagram to port 9 of tap3, which no rule allows. */
export const REFUSED_UDP = `
trace id 630bdfce inet slash32-trace prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 45771 ip protocol 17 ip length 29 udp sport 44631 udp dport 9 udp length 9 @th,64,8 0x31 
trace id 630bdfce inet slash32-trace prerouting rule iifname "tap2" limit rate 50/second meta nftrace set 1 (verdict continue)
trace id 630bdfce inet slash32-trace prerouting policy accept 
trace id 630bdfce inet slash32 prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 45771 ip protocol 17 ip length 29 udp sport 44631 udp dport 9 udp length 9 @th,64,8 0x31 
trace id 630bdfce inet slash32 prerouting rule iifname "tap*" jump from-instance comment "from an instance #080e03a871" (verdict jump from-instance)
trace id 630bdfce inet slash32 from-instance rule iifname . ether saddr . ip saddr @sources4 goto known-source4 comment "own address #dec7ab8e95" (verdict goto known-source4)
trace id 630bdfce inet slash32 prerouting policy accept 
trace id 630bdfce inet slash32 forward packet: iif "tap2" oif "tap3" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 63 ip id 45771 ip protocol 17 ip length 29 udp sport 44631 udp dport 9 udp length 9 @th,64,8 0x31 
trace id 630bdfce inet slash32 forward rule ct mark & 0x007fffff != 0x004ada32 jump source-end comment "source end not passed in generation 711218 #729d520be0" (verdict jump source-end)
trace id 630bdfce inet slash32 source-end rule ct direction 0 iifname vmap @egress-of comment "judge by the original packet #cc4e7b1a0b" (verdict jump egress/default/open)
trace id 630bdfce inet slash32 egress/default/open rule meta nfproto 2 goto source-passes comment "default/open egress IPv4: anything #ef233ed3d1" (verdict goto source-passes)
trace id 630bdfce inet slash32 source-passes rule ct mark set ct mark & 0xff4ada32 | 0x004ada32 return comment "source end passes in generation 711218 #9f0cf91ee3" (verdict return)
trace id 630bdfce inet slash32 source-end rule goto source-judged comment "passed or not #2e14866bb1" (verdict goto source-judged)
trace id 630bdfce inet slash32 source-judged rule ct mark & 0x007fffff == 0x004ada32 return comment "source end passes in generation 711218 #d177c78b7d" (verdict return)
trace id 630bdfce inet slash32 forward rule goto destination-end comment "destination end #04b743bb57" (verdict goto destination-end)
trace id 630bdfce inet slash32 destination-end rule ct direction 0 oifname vmap @ingress-of comment "judge by the original packet #bdcf02c4b7" (verdict jump ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a)
trace id 630bdfce inet slash32 ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a rule drop comment "no ingress rule of default/open, default/peers #d90ee9ccf6" (verdict drop)
`;

/** An echo request with a source that is not tap2’s. */
export const SPOOFED = `
trace id 545b2ff2 inet slash32-trace prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.222 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 6065 ip protocol 1 ip length 84 icmp type 8 icmp code 0 icmp id 110 icmp sequence 1 @th,64,96 0x6133076b00000000febb0600 
trace id 545b2ff2 inet slash32-trace prerouting rule iifname "tap2" limit rate 50/second meta nftrace set 1 (verdict continue)
trace id 545b2ff2 inet slash32-trace prerouting policy accept 
trace id 545b2ff2 inet slash32 prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.222 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 6065 ip protocol 1 ip length 84 icmp type 8 icmp code 0 icmp id 110 icmp sequence 1 @th,64,96 0x6133076b00000000febb0600 
trace id 545b2ff2 inet slash32 prerouting rule iifname "tap*" jump from-instance comment "from an instance #080e03a871" (verdict jump from-instance)
trace id 545b2ff2 inet slash32 from-instance rule meta nfproto 2 goto unknown-source4 comment "IPv4 #a60f67de98" (verdict goto unknown-source4)
trace id 545b2ff2 inet slash32 unknown-source4 rule drop comment "source is not its own, or no endpoint #d90ee9ccf6" (verdict drop)
`;

/** The gateway’s echo reply to tap2. */
export const FROM_HOST = `
trace id cdf58f3b inet slash32-trace output packet: oif "tap2" ip saddr 10.70.0.1 ip daddr 10.70.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 3619 ip protocol 1 ip length 84 icmp type 0 icmp code 0 icmp id 86 icmp sequence 1 @th,64,96 0x5c33076b00000000a6430e00 
trace id cdf58f3b inet slash32-trace output rule ip daddr 10.70.0.2 meta nftrace set 1 (verdict continue)
trace id cdf58f3b inet slash32-trace output policy accept 
trace id cdf58f3b inet slash32 output packet: oif "tap2" ip saddr 10.70.0.1 ip daddr 10.70.0.2 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 3619 ip protocol 1 ip length 84 icmp type 0 icmp code 0 icmp id 86 icmp sequence 1 @th,64,96 0x5c33076b00000000a6430e00 
trace id cdf58f3b inet slash32 output rule oifname @taps accept comment "host to an endpoint #b22892ef71" (verdict accept)
`;

/** An IPv6 echo request from tap2 to tap3, which has no rule for it. */
export const PING6 = `
trace id 3fedf2ac inet slash32-trace prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip6 saddr 2001:db8:70::2 ip6 daddr 2001:db8:70::3 ip6 dscp 0x00 ip6 ecn 0x0 ip6 hoplimit 64 ip6 flowlabel 8465 ip6 nexthdr 58 ip6 length 64 icmpv6 type 128 icmpv6 code 0 icmpv6 parameter-problem 5898241 @th,64,96 0x5d33076b000000009b510900 
trace id 3fedf2ac inet slash32-trace prerouting rule iifname "tap2" limit rate 50/second meta nftrace set 1 (verdict continue)
trace id 3fedf2ac inet slash32-trace prerouting rule ip6 saddr 2001:db8:70::2 meta nftrace set 1 (verdict continue)
trace id 3fedf2ac inet slash32-trace prerouting policy accept 
trace id 3fedf2ac inet slash32 prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip6 saddr 2001:db8:70::2 ip6 daddr 2001:db8:70::3 ip6 dscp 0x00 ip6 ecn 0x0 ip6 hoplimit 64 ip6 flowlabel 8465 ip6 nexthdr 58 ip6 length 64 icmpv6 type 128 icmpv6 code 0 icmpv6 parameter-problem 5898241 @th,64,96 0x5d33076b000000009b510900 
trace id 3fedf2ac inet slash32 prerouting rule iifname "tap*" jump from-instance comment "from an instance #080e03a871" (verdict jump from-instance)
trace id 3fedf2ac inet slash32 from-instance rule iifname . ether saddr . ip6 saddr @sources6 goto known-source6 comment "own address #4613e88f0a" (verdict goto known-source6)
trace id 3fedf2ac inet slash32 prerouting policy accept 
trace id 3fedf2ac inet slash32 forward packet: iif "tap2" oif "tap3" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip6 saddr 2001:db8:70::2 ip6 daddr 2001:db8:70::3 ip6 dscp 0x00 ip6 ecn 0x0 ip6 hoplimit 63 ip6 flowlabel 8465 ip6 nexthdr 58 ip6 length 64 icmpv6 type 128 icmpv6 code 0 icmpv6 parameter-problem 5898241 @th,64,96 0x5d33076b000000009b510900 
trace id 3fedf2ac inet slash32 forward rule ct mark & 0x007fffff != 0x004ada32 jump source-end comment "source end not passed in generation 711218 #729d520be0" (verdict jump source-end)
trace id 3fedf2ac inet slash32 source-end rule ct direction 0 iifname vmap @egress-of comment "judge by the original packet #cc4e7b1a0b" (verdict jump egress/default/open)
trace id 3fedf2ac inet slash32 egress/default/open rule meta nfproto 10 goto source-passes comment "default/open egress IPv6: anything #0e500cd179" (verdict goto source-passes)
trace id 3fedf2ac inet slash32 source-passes rule ct mark set ct mark & 0xff4ada32 | 0x004ada32 return comment "source end passes in generation 711218 #9f0cf91ee3" (verdict return)
trace id 3fedf2ac inet slash32 source-end rule goto source-judged comment "passed or not #2e14866bb1" (verdict goto source-judged)
trace id 3fedf2ac inet slash32 source-judged rule ct mark & 0x007fffff == 0x004ada32 return comment "source end passes in generation 711218 #d177c78b7d" (verdict return)
trace id 3fedf2ac inet slash32 forward rule goto destination-end comment "destination end #04b743bb57" (verdict goto destination-end)
trace id 3fedf2ac inet slash32 destination-end rule ct direction 0 oifname vmap @ingress-of comment "judge by the original packet #bdcf02c4b7" (verdict jump ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a)
trace id 3fedf2ac inet slash32 ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a rule drop comment "no ingress rule of default/open, default/peers #d90ee9ccf6" (verdict drop)
`;

/** A TCP connection to port 9 of tap3. */
export const SYN = `
trace id 7c071d28 inet slash32-trace prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 3938 ip protocol 6 ip length 60 tcp sport 53056 tcp dport 9 tcp flags == 0x2 tcp window 64240 
trace id 7c071d28 inet slash32-trace prerouting rule iifname "tap2" limit rate 50/second meta nftrace set 1 (verdict continue)
trace id 7c071d28 inet slash32-trace prerouting policy accept 
trace id 7c071d28 inet slash32 prerouting packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 64 ip id 3938 ip protocol 6 ip length 60 tcp sport 53056 tcp dport 9 tcp flags == 0x2 tcp window 64240 
trace id 7c071d28 inet slash32 prerouting rule iifname "tap*" jump from-instance comment "from an instance #080e03a871" (verdict jump from-instance)
trace id 7c071d28 inet slash32 from-instance rule iifname . ether saddr . ip saddr @sources4 goto known-source4 comment "own address #dec7ab8e95" (verdict goto known-source4)
trace id 7c071d28 inet slash32 prerouting policy accept 
trace id 7c071d28 inet slash32 forward packet: iif "tap2" oif "tap3" ether saddr 52:54:00:00:00:02 ether daddr f6:78:2e:0e:dc:d9 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 63 ip id 3938 ip protocol 6 ip length 60 tcp sport 53056 tcp dport 9 tcp flags == 0x2 tcp window 64240 
trace id 7c071d28 inet slash32 forward rule ct mark & 0x007fffff != 0x004ada32 jump source-end comment "source end not passed in generation 711218 #729d520be0" (verdict jump source-end)
trace id 7c071d28 inet slash32 source-end rule ct direction 0 iifname vmap @egress-of comment "judge by the original packet #cc4e7b1a0b" (verdict jump egress/default/open)
trace id 7c071d28 inet slash32 egress/default/open rule meta nfproto 2 goto source-passes comment "default/open egress IPv4: anything #ef233ed3d1" (verdict goto source-passes)
trace id 7c071d28 inet slash32 source-passes rule ct mark set ct mark & 0xff4ada32 | 0x004ada32 return comment "source end passes in generation 711218 #9f0cf91ee3" (verdict return)
trace id 7c071d28 inet slash32 source-end rule goto source-judged comment "passed or not #2e14866bb1" (verdict goto source-judged)
trace id 7c071d28 inet slash32 source-judged rule ct mark & 0x007fffff == 0x004ada32 return comment "source end passes in generation 711218 #d177c78b7d" (verdict return)
trace id 7c071d28 inet slash32 forward rule goto destination-end comment "destination end #04b743bb57" (verdict goto destination-end)
trace id 7c071d28 inet slash32 destination-end rule ct direction 0 oifname vmap @ingress-of comment "judge by the original packet #bdcf02c4b7" (verdict jump ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a)
trace id 7c071d28 inet slash32 ingress/several/groups/a942f88bb8db8988fa232205d4f4b73a rule drop comment "no ingress rule of default/open, default/peers #d90ee9ccf6" (verdict drop)
`;
